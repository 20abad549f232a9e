/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The result in the shape of an EAT attestation result (EAR) with the trustworthiness vector of AR4SI, for
 * relying parties that take those. Both are drafts; what they have no words for is in "cvmd". It is marked
 * "unsigned" unless it is to be signed.
 */
#include "lib/base/json-text.h"
#include "lib/verify/verifier.h"

struct ear {
        int64_t at;           /* when this is said: seconds since 1970 */
        const uint8_t *nonce; /* NULL: not known */
        size_t n_nonce;
        const char *build; /* of the verifier: "cvmd 0.1.0" */
        bool is_signed;
};

/* One line without an end. -ENOMEM. */
int ear_format(const struct verification *v, const struct ear *e, struct json_text *t);
