/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What ties nonce, channel and claims to quote and report: tag, binding, batch, user-data. Which of the ways
 * it is follows from the form of the evidence, never from what would fit.
 */
#include "lib/verify/check.h"
#include "lib/verify/evidence.h"

/* What the caller asked for. */
struct expected_words {
        const uint8_t *nonce, *bind; /* NULL: not known */
        size_t n_nonce, n_bind;
        bool quote_suffices; /* a report that is older than the nonce will do */
};

/*
 * Returns whether the report is younger than the nonce, which has to be known for that. Whether it is
 * genuine is checked elsewhere.
 */
bool binding_verify(const struct evidence *e, const struct expected_words *w, struct checks *c);
