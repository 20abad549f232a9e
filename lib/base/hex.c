/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/hex.h"

#include <errno.h>
#include <string.h>

void hex_format(const void *bytes, size_t n, char *ret) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = bytes;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = digits[p[i] >> 4];
                ret[2 * i + 1] = digits[p[i] & 15];
        }
        ret[2 * n] = '\0';
}

/* What each digit stands for, and one more; 0: no digit. Registers and nonces come in hundreds of them. */
static const uint8_t values[256] = {
        ['0'] = 1,
        ['1'] = 2,
        ['2'] = 3,
        ['3'] = 4,
        ['4'] = 5,
        ['5'] = 6,
        ['6'] = 7,
        ['7'] = 8,
        ['8'] = 9,
        ['9'] = 10,
        ['a'] = 11,
        ['b'] = 12,
        ['c'] = 13,
        ['d'] = 14,
        ['e'] = 15,
        ['f'] = 16,
        ['A'] = 11,
        ['B'] = 12,
        ['C'] = 13,
        ['D'] = 14,
        ['E'] = 15,
        ['F'] = 16,
};

int hex_parse(const char *text, size_t n_text, void *ret, size_t max, size_t *ret_size) {
        const uint8_t *p = (const uint8_t *)text;
        uint8_t *out = ret;

        if (n_text % 2 != 0)
                return -EBADMSG;
        for (size_t i = 0; i < n_text; i++)
                if (values[p[i]] == 0)
                        return -EBADMSG;
        if (n_text / 2 > max)
                return -EMSGSIZE;
        for (size_t i = 0; i < n_text; i += 2)
                out[i / 2] = (uint8_t)((values[p[i]] - 1) << 4 | (values[p[i + 1]] - 1));
        *ret_size = n_text / 2;
        return 0;
}

int hex_parse_exactly(const char *text, void *ret, size_t n) {
        size_t size;

        return strlen(text) == 2 * n ? hex_parse(text, 2 * n, ret, n, &size) : -EBADMSG;
}
