/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * C-escaped text: how foreign bytes appear in snapshots and on terminals. Printable ASCII stands for itself,
 * except \ and "; then \n \t \r \\ \" and \xHH (two digits) for every other byte, so that no byte of a
 * device's name can move a cursor or forge a line.
 */
#include <stddef.h>

/* Writes the escaped form, NUL-terminated, into a new string that the caller frees. -ENOMEM. */
int escape_new(const void *bytes, size_t n, char **ret);

/*
 * Undoes escape_new(): text is n characters without surrounding quotes. The caller frees *ret, which carries
 * a NUL behind its *ret_size bytes. -EBADMSG for an unknown or cut escape, a bare quote or a raw control
 * byte.
 */
int unescape_new(const char *text, size_t n, char **ret, size_t *ret_size);
