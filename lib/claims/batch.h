/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The record that says how claims hang on the report. JSON, no white space:
 *   {"version":1,"nonce":HEX,"bind":HEX,"index":0,"bindings":[HEX,...],"freshness":"report"|"quote"}
 * "index" is the place of this bundle's binding. "quote": the vTPM did not make a new report, so that the
 * user-data in it is not that of this batch, and only the quote is fresh.
 */
#include "lib/claims/binding.h"

enum freshness {
        FRESHNESS_REPORT = 1,
        FRESHNESS_QUOTE,
        _FRESHNESS_MAX,
};

struct batch {
        uint8_t nonce[NONCE_MAX], bind[BIND_MAX];
        size_t n_nonce, n_bind;
        size_t index, n_bindings;
        struct digest bindings[BATCH_MAX];
        enum freshness freshness;
};

/* The caller frees *ret. -ENOMEM. */
int batch_format(const struct batch *b, char **ret);

/* Takes exactly what batch_format() writes. -EBADMSG for anything else, -ENOMEM. */
int batch_parse(const void *bytes, size_t n, struct batch *ret, struct diag *d);

const char *freshness_to_string(enum freshness f);
int freshness_from_string(const char *word); /* -EBADMSG */
