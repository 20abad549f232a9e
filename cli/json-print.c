/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json-c escapes what JSON demands; this escapes what terminals and other readers need on top. */
#include "cli/json-print.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/utf8.h"

#define REPLACEMENT 0xfffd

static void put_escape(FILE *f, uint32_t c) {
        if (c < 0x10000) {
                fprintf(f, "\\u%04x", c);
                return;
        }
        c -= 0x10000; /* beyond the first plane: a surrogate pair */
        fprintf(f, "\\u%04x\\u%04x", 0xd800 | c >> 10, 0xdc00 | (c & 0x3ff));
}

bool json_print(FILE *f, struct json_object *o, int flags) {
        const char *text = json_object_to_json_string_ext(o, flags | JSON_C_TO_STRING_NOSLASHESCAPE);
        size_t n = text ? strlen(text) : 0;

        for (size_t i = 0; i < n;) {
                uint32_t c = REPLACEMENT;
                size_t bytes = utf8_decode(text + i, n - i, &c);

                if (bytes == 1 && c < 0x7f) /* below 0x20 only what lays it out */
                        fputc((int)c, f);
                else
                        put_escape(f, bytes ? c : REPLACEMENT);
                i += bytes ?: 1;
        }
        return text != NULL;
}
