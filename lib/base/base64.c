/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/base64.h"

#include <errno.h>
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

/* Fills in what each character stands for; 64: not in the alphabet. */
static void letter_values(const char *letters, uint8_t values[256]) {
        memset(values, 64, 256);
        for (uint8_t i = 0; i < 64; i++)
                values[(uint8_t)letters[i]] = i;
}

/* Which of the two alphabets a text that may be in either has; one that needs neither's own letters is both.
 */
static const char *letters_of(const char *text, size_t n, enum base64_alphabet alphabet) {
        if (alphabet == BASE64_EITHER)
                return memchr(text, '-', n) || memchr(text, '_', n) ? URL : STANDARD;
        return alphabet == BASE64_URL ? URL : STANDARD;
}

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

/*
 * Decodes n characters into out, which has room; -EBADMSG. Four at a time, and what is not in the alphabet
 * shows in a bit that no value has.
 */
static int decode(const char *text, size_t n, const uint8_t values[256], uint8_t *out) {
        uint32_t bits = 0, seen = 0;
        const uint8_t *p = (const uint8_t *)text;

        for (; n >= 4; n -= 4, p += 4, out += 3) {
                uint8_t a = values[p[0]], b = values[p[1]], c = values[p[2]], e = values[p[3]];

                seen |= a | b | c | e;
                out[0] = (uint8_t)(a << 2 | b >> 4);
                out[1] = (uint8_t)(b << 4 | c >> 2);
                out[2] = (uint8_t)(c << 6 | e);
        }
        for (size_t i = 0; i < n; i++) {
                seen |= values[p[i]];
                bits = bits << 6 | values[p[i]];
        }
        if (seen > 63)
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
        uint8_t values[256];
        size_t n, size;

        if (without_padding(text, n_text, alphabet, &n) < 0)
                return -EBADMSG;
        size = n / 4 * 3 + (n % 4 > 0 ? n % 4 - 1 : 0);
        if (size > max)
                return -EMSGSIZE;
        bytes = malloc(size + 1);
        if (!bytes)
                return -ENOMEM;
        letter_values(letters_of(text, n, alphabet), values);
        if (decode(text, n, values, bytes) < 0)
                return -EBADMSG;
        bytes[size] = '\0';
        *ret = TAKE(bytes);
        *ret_size = size;
        return 0;
}
