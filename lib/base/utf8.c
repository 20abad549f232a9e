/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place that knows how characters are spread over bytes (RFC 3629). */
#include "lib/base/utf8.h"

#define SURROGATE_FIRST 0xd800
#define SURROGATE_LAST 0xdfff
#define CHARACTER_LAST 0x10ffff

/* The smallest character that needs a sequence of this length: anything less in it is overlong. */
static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t sequence_length(unsigned char lead) {
        if (lead < 0x80)
                return 1;
        if (lead >= 0xc0 && lead < 0xe0)
                return 2;
        if (lead >= 0xe0 && lead < 0xf0)
                return 3;
        if (lead >= 0xf0 && lead < 0xf8)
                return 4;
        return 0;
}

static int is_character(uint32_t c) {
        return c <= CHARACTER_LAST && (c < SURROGATE_FIRST || c > SURROGATE_LAST);
}

size_t utf8_decode(const char *text, size_t n, uint32_t *ret) {
        size_t length = n > 0 ? sequence_length((unsigned char)text[0]) : 0;
        uint32_t c;

        if (length == 0 || length > n)
                return 0;
        c = length == 1 ? (unsigned char)text[0] : (unsigned char)text[0] & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if (((unsigned char)text[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | ((unsigned char)text[i] & 0x3f);
        }
        if (c < smallest[length] || !is_character(c))
                return 0;
        if (ret)
                *ret = c;
        return length;
}

size_t utf8_encode(uint32_t character, char ret[4]) {
        static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
        size_t length = 1;

        if (!is_character(character))
                return 0;
        while (length < 4 && character >= smallest[length + 1])
                length++;
        for (size_t i = length; i-- > 1; character >>= 6)
                ret[i] = (char)(0x80 | (character & 0x3f));
        ret[0] = (char)(leads[length] | character);
        return length;
}
