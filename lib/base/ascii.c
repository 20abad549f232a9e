/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors as the compiler has them, of the size that every 64-bit processor has registers for. */
#include "lib/base/ascii.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16
typedef int8_t block __attribute__((vector_size(BLOCK)));

static block load(const char *text) {
        block b;

        memcpy(&b, text, sizeof(b));
        return b;
}

/* Whether anything is so, of what comparing gave. */
static bool any(block b) {
        uint64_t halves[2];

        memcpy(halves, &b, sizeof(halves));
        return halves[0] | halves[1];
}

size_t ascii_run(const char *text, size_t n) {
        size_t i = 0;

        while (n - i >= BLOCK && !any(load(text + i) <= 0)) /* what is beyond ASCII is negative */
                i += BLOCK;
        while (i < n && (int8_t)text[i] > 0)
                i++;
        return i;
}

static bool is_plain(char c) {
        return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

size_t ascii_plain_run(const char *text, size_t n) {
        size_t i = 0;

        for (; n - i >= BLOCK; i += BLOCK) {
                block b = load(text + i);

                if (any((b < ' ') | (b == 0x7f) | (b == '"') | (b == '\\')))
                        break;
        }
        while (i < n && is_plain(text[i]))
                i++;
        return i;
}
