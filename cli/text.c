/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that others wrote passes here on its way to a person. */
#include "cli/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/cleanup.h"

/*
 * One character: its bytes, and its width. 0 columns: not to be shown as it is, bytes is 1. Zero-width
 * characters are among those: the ones that turn the direction of text are.
 */
static size_t next_character(const char *text, size_t n, size_t *ret_columns) {
        mbstate_t state = {};
        wchar_t wide;
        size_t bytes = mbrtowc(&wide, text, n, &state);
        int columns;

        *ret_columns = 0;
        if (bytes == 0 || bytes > n) /* NUL, invalid or incomplete */
                return 1;
        columns = wcwidth(wide);
        if (columns <= 0)
                return 1;
        *ret_columns = (size_t)columns;
        return bytes;
}

int text_new(const char *text, char **ret, size_t *ret_columns) {
        _cleanup_(freep) char *s = NULL;
        size_t n = text ? strlen(text) : 0, total = 0;
        char *out;

        if (n > (SIZE_MAX - 1) / 4)
                return -ENOMEM;
        out = s = malloc(n * 4 + 1);
        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < n;) {
                size_t columns, bytes = next_character(text + i, n - i, &columns);

                if (text[i] == '\\') {
                        out = mempcpy(out, "\\\\", 2);
                        total += 2;
                } else if (columns == 0) {
                        out += snprintf(out, sizeof("\\xff"), "\\x%02x", (unsigned char)text[i]);
                        total += 4;
                } else {
                        out = mempcpy(out, text + i, bytes);
                        total += columns;
                }
                i += bytes;
        }
        *out = 0;
        *ret = TAKE(s);
        if (ret_columns)
                *ret_columns = total;
        return 0;
}

size_t text_clip(const char *text, size_t columns) {
        size_t n = strlen(text), i = 0;

        while (i < n) {
                size_t wide, bytes = next_character(text + i, n - i, &wide);

                if (wide > columns)
                        break;
                columns -= wide;
                i += bytes;
        }
        return i;
}
