/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/hex.h"

#include <errno.h>
#include <string.h>

#include "lib/base/number.h"

void hex_format(const void *bytes, size_t n, char *ret) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *p = bytes;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = digits[p[i] >> 4];
                ret[2 * i + 1] = digits[p[i] & 15];
        }
        ret[2 * n] = '\0';
}

static int hex_pair(const char *text) {
        int high = hex_digit(text[0]), low = hex_digit(text[1]);

        return high < 0 || low < 0 ? -EBADMSG : high << 4 | low;
}

int hex_parse(const char *text, size_t n_text, void *ret, size_t max, size_t *ret_size) {
        uint8_t *out = ret;

        if (n_text % 2 != 0)
                return -EBADMSG;
        for (size_t i = 0; i < n_text; i += 2)
                if (hex_pair(text + i) < 0)
                        return -EBADMSG;
        if (n_text / 2 > max)
                return -EMSGSIZE;
        for (size_t i = 0; i < n_text; i += 2)
                out[i / 2] = (uint8_t)hex_pair(text + i);
        *ret_size = n_text / 2;
        return 0;
}

int hex_parse_exactly(const char *text, void *ret, size_t n) {
        size_t size;

        return strlen(text) == 2 * n ? hex_parse(text, 2 * n, ret, n, &size) : -EBADMSG;
}
