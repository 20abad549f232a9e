/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers in text that others wrote: the whole text, no sign, no blanks, nothing clamped. */
#include <stdint.h>

/* The value of one hexadecimal digit in either case, or -1. */
static inline int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* base: 16 at most; "0x" may stand in front in base 16. -EBADMSG for no number, -ERANGE beyond max. */
int number_parse(const char *text, unsigned base, uint64_t max, uint64_t *ret);

int number_parse_u32(const char *text, unsigned base, uint32_t *ret);
