/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Foreign text on a terminal: what is printable in the locale stands for itself, a backslash is doubled, and
 * every other byte becomes \xHH, so that no name or reason can move a cursor, turn the direction of a line
 * or forge one. (escape.h is for files: it knows no locale and guards quotes.)
 */
#include <stddef.h>

/* The caller frees *ret. ret_columns, how wide it is, may be NULL. NULL text is "". -ENOMEM. */
int text_new(const char *text, char **ret, size_t *ret_columns);

/* How many bytes of a text_new() text take at most this many columns. */
size_t text_clip(const char *text, size_t columns);
