/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes that belong to someone else: the parsers of this folder hand out pieces of what they were given. */
#include "lib/base/cursor.h"

struct span {
        const uint8_t *bytes; /* NULL: not there */
        size_t n;
};

/* The next n bytes in place; no bytes (and the cursor bad) when fewer are left. */
struct span span_take(struct cursor *c, size_t n);

/* The next n bytes, copied; zeroes (and the cursor bad) when fewer are left. */
void span_copy(struct cursor *c, void *ret, size_t n);

bool span_is_zero(struct span s); /* also when there is none */

/* Steps over n bytes that a specification reserves, and says whether they are there and zero. */
bool span_skip_zero(struct cursor *c, size_t n);
