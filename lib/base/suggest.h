/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * "Did you mean": the nearest of the words that could have been meant. Start from a zeroed struct, consider
 * every candidate, and read nearest: NULL when none is near enough to be worth a line.
 */
#include <stddef.h>

struct suggestion {
        const char *nearest; /* borrowed from the caller */
        size_t distance;     /* edits between the two: insert, drop, change, swap neighbours */
};

/* The first of several equally near ones stays. */
void suggest_consider(struct suggestion *s, const char *word, const char *candidate);
