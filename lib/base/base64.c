/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/base64.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int base64_format(const void *bytes, size_t n, enum base64_alphabet alphabet, char **ret) {
        const char *letters = alphabet == BASE64_URL ? URL : STANDARD;
        const uint8_t *p = bytes;
        char *text, *at;

        if (n > SIZE_MAX / 2)
                return -ENOMEM;
        text = at = malloc((n + 2) / 3 * 4 + 1);
        if (!text)
                return -ENOMEM;
        for (; n >= 3; n -= 3, p += 3) {
                *at++ = letters[p[0] >> 2];
                *at++ = letters[(p[0] & 3) << 4 | p[1] >> 4];
                *at++ = letters[(p[1] & 15) << 2 | p[2] >> 6];
                *at++ = letters[p[2] & 63];
        }
        if (n > 0) {
                *at++ = letters[p[0] >> 2];
                *at++ = letters[(p[0] & 3) << 4 | (n == 2 ? p[1] >> 4 : 0)];
                if (n == 2)
                        *at++ = letters[(p[1] & 15) << 2];
                for (size_t i = n; alphabet == BASE64_STANDARD && i < 3; i++)
                        *at++ = '=';
        }
        *at = '\0';
        *ret = text;
        return 0;
}

/*
 * What a character stands for in each of four places, and flags above the 24 bits of the four: that it is
 * a letter, which each place has its own flag for, and that it is one of the two that only one of the
 * alphabets has.
 */
#define IS_LETTER(place) (UINT32_C(1) << (24 + (place)))
#define ALL_LETTERS (UINT32_C(15) << 24)
#define ONLY_STANDARD (UINT32_C(1) << 28)
#define ONLY_URL (UINT32_C(1) << 29)

#define ONE(p, c, v) [c] = IS_LETTER(p) | (uint32_t)(v) << (18 - 6 * (p))
#define TWO(p, c, v) ONE(p, c, v), ONE(p, (c) + 1, (v) + 1)
#define EIGHT(p, c, v) \
        TWO(p, c, v), TWO(p, (c) + 2, (v) + 2), TWO(p, (c) + 4, (v) + 4), TWO(p, (c) + 6, (v) + 6)
#define LETTERS(p, c, v) \
        EIGHT(p, c, v), EIGHT(p, (c) + 8, (v) + 8), EIGHT(p, (c) + 16, (v) + 16), TWO(p, (c) + 24, (v) + 24)
#define PLACE(p)                                                                             \
        {                                                                                    \
                LETTERS(p, 'A', 0), LETTERS(p, 'a', 26), EIGHT(p, '0', 52), TWO(p, '8', 60), \
                        ONE(p, '+', 62) | ONLY_STANDARD, ONE(p, '/', 63) | ONLY_STANDARD,    \
                        ONE(p, '-', 62) | ONLY_URL, ONE(p, '_', 63) | ONLY_URL               \
        }

static const uint32_t places[4][256] = { PLACE(0), PLACE(1), PLACE(2), PLACE(3) };

/* The number of characters without padding, or -EBADMSG for padding that is not as it must be. */
static int without_padding(const char *text, size_t n, enum base64_alphabet alphabet, size_t *ret) {
        size_t padding = 0;

        while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
                padding++;
        if ((n - padding) % 4 == 1)
                return -EBADMSG;
        if (padding > 0 ? alphabet == BASE64_URL || n % 4 != 0 : alphabet == BASE64_STANDARD && n % 4 != 0)
                return -EBADMSG;
        *ret = n - padding;
        return 0;
}

/* Whether letters that only one alphabet has are of the one that is read. */
static bool is_of(uint32_t seen, enum base64_alphabet alphabet) {
        switch (alphabet) {
        case BASE64_STANDARD:
                return !(seen & ONLY_URL);
        case BASE64_URL:
                return !(seen & ONLY_STANDARD);
        case BASE64_EITHER:
                return !(seen & ONLY_URL) || !(seen & ONLY_STANDARD);
        case _BASE64_ALPHABET_MAX:
                break;
        }
        return false;
}

/*
 * Decodes n characters into out, which has room for one byte more; -EBADMSG. Evidence is tens of kilobytes
 * of it: four characters at a time, and what is wrong with one shows in the end.
 */
static int decode(const char *text, size_t n, enum base64_alphabet alphabet, uint8_t *out) {
        uint32_t all = ALL_LETTERS, any = 0, bits = 0;
        const uint8_t *p = (const uint8_t *)text;

        for (; n >= 4; n -= 4, p += 4, out += 3) {
                uint32_t four = places[0][p[0]] | places[1][p[1]] | places[2][p[2]] | places[3][p[3]],
                         wire = htobe32(four << 8);

                all &= four;
                any |= four;
                memcpy(out, &wire, sizeof(wire));
        }
        for (size_t i = 0; i < n; i++) {
                uint32_t one = places[3][p[i]];

                all &= one & IS_LETTER(3) ? ALL_LETTERS : 0;
                any |= one;
                bits = bits << 6 | (one & 63);
        }
        if (all != ALL_LETTERS || !is_of(any, alphabet))
                return -EBADMSG;
        if (n == 2)
                *out = (uint8_t)(bits >> 4);
        if (n == 3) {
                out[0] = (uint8_t)(bits >> 10);
                out[1] = (uint8_t)(bits >> 2);
        }
        /* what is left over names no byte, and must be zero */
        return bits & (n == 2 ? 15 : n == 3 ? 3 : 0) ? -EBADMSG : 0;
}

int base64_parse(const char *text, size_t n_text, enum base64_alphabet alphabet, size_t max, uint8_t **ret,
        size_t *ret_size) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t n, size;

        if (without_padding(text, n_text, alphabet, &n) < 0)
                return -EBADMSG;
        size = n / 4 * 3 + (n % 4 > 0 ? n % 4 - 1 : 0);
        if (size > max)
                return -EMSGSIZE;
        bytes = malloc(size + 1);
        if (!bytes)
                return -ENOMEM;
        if (decode(text, n, alphabet, bytes) < 0)
                return -EBADMSG;
        bytes[size] = '\0';
        *ret = TAKE(bytes);
        *ret_size = size;
        return 0;
}
