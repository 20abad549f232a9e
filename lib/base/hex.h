/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes as hexadecimal digits, and back: pairs of digits of either case, nothing else. */
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * n lower-case digits and a NUL: ret has 2 * n + 1 characters. */
void hex_format(const void *bytes, size_t n, char *ret);

/*
 * text has n_text characters, which may hold at most max bytes: -EBADMSG for anything but pairs of digits,
 * -EMSGSIZE for more than max. ret is written only on success.
 */
int hex_parse(const char *text, size_t n_text, void *ret, size_t max, size_t *ret_size);

/* Exactly n bytes, up to a NUL; -EBADMSG otherwise. */
int hex_parse_exactly(const char *text, void *ret, size_t n);
