/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strtoul() takes blanks, signs and prefixes of numbers; this takes numbers. */
#include "lib/base/number.h"

#include <errno.h>

int number_parse(const char *text, unsigned base, uint64_t max, uint64_t *ret) {
        uint64_t v = 0;

        if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
                text += 2;
        if (!*text)
                return -EBADMSG;
        for (; *text; text++) {
                int digit = hex_digit(*text);

                if (digit < 0 || (unsigned)digit >= base)
                        return -EBADMSG;
                if ((unsigned)digit > max || v > (max - (unsigned)digit) / base)
                        return -ERANGE;
                v = v * base + (unsigned)digit;
        }
        *ret = v;
        return 0;
}

int number_parse_u32(const char *text, unsigned base, uint32_t *ret) {
        uint64_t v;
        int r = number_parse(text, base, UINT32_MAX, &v);

        if (r < 0)
                return r;
        *ret = (uint32_t)v;
        return 0;
}
