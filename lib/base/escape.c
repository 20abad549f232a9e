/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One escaping for files and terminals; the two functions are each other's inverse on every byte string. */
#include "lib/base/escape.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/number.h"

static const char plain[] = "\n\t\r\\\"";
static const char letters[] = "ntr\\\"";

int escape_new(const void *bytes, size_t n, char **ret) {
        const uint8_t *p = bytes;
        _cleanup_(freep) char *s = NULL;
        char *out;

        if (n > (SIZE_MAX - 1) / 4)
                return -ENOMEM;
        out = s = malloc(n * 4 + 1);
        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const char *special = p[i] ? strchr(plain, p[i]) : NULL;

                if (special)
                        out += snprintf(out, 3, "\\%c", letters[special - plain]);
                else if (p[i] >= 0x20 && p[i] < 0x7f)
                        *out++ = (char)p[i];
                else
                        out += snprintf(out, 5, "\\x%02x", p[i]);
        }
        *out = 0;
        *ret = TAKE(s);
        return 0;
}

/* One escape behind its backslash; returns how many characters it takes, or 0 when it is none. */
static size_t unescape_one(const char *text, size_t n, char *ret) {
        const char *special = n > 0 && text[0] ? strchr(letters, text[0]) : NULL;
        int high, low;

        if (special) {
                *ret = plain[special - letters];
                return 1;
        }
        if (n < 3 || text[0] != 'x')
                return 0;
        high = hex_digit(text[1]);
        low = hex_digit(text[2]);
        if (high < 0 || low < 0)
                return 0;
        *ret = (char)(high << 4 | low);
        return 3;
}

int unescape_new(const char *text, size_t n, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *s = malloc(n + 1);
        size_t size = 0;

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                size_t used;

                if (text[i] != '\\') {
                        if (text[i] == '"' || (unsigned char)text[i] < 0x20 ||
                                (unsigned char)text[i] >= 0x7f)
                                return -EBADMSG;
                        s[size++] = text[i];
                        continue;
                }
                used = unescape_one(text + i + 1, n - i - 1, &s[size++]);
                if (used == 0)
                        return -EBADMSG;
                i += used;
        }
        s[size] = 0;
        *ret = TAKE(s);
        *ret_size = size;
        return 0;
}
