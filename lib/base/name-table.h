/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of an enum: a table of names indexed by its values, with a _Static_assert that each value has
 * one. */
#include <stddef.h>

#define N_NAMES(table) (sizeof(table) / sizeof((table)[0]))

/* Never NULL: a value outside of the table is a bug that shows as "?". */
const char *name_of(const char *const *table, size_t n, unsigned value);

/* The value of a word, or -EBADMSG. */
int name_find(const char *const *table, size_t n, const char *word);
