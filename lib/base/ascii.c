/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors as the compiler has them, of the size that every 64-bit processor has registers for. */
#include "lib/base/ascii.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16
#define BLOCKS 4 /* that are looked at together: a branch costs more than they do */
typedef int8_t block __attribute__((vector_size(BLOCK)));
typedef uint8_t wrapping __attribute__((vector_size(BLOCK)));

static block load(const char *text) {
        block b;

        memcpy(&b, text, sizeof(b));
        return b;
}

/* Where the first is that comparing found, or BLOCK. */
static size_t first(block found) {
        uint64_t halves[2];

        memcpy(halves, &found, sizeof(halves));
        if (halves[0])
                return (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
        return halves[1] ? 8 + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8 : BLOCK;
}

/* NUL, and what is beyond ASCII, which is negative. */
static inline block no_ascii(block b) {
        return b < 1;
}

/* One more than DEL is negative, too. */
static inline block not_plain(block b) {
        block next = (block)((wrapping)b + 1);

        return (next < ' ' + 1) | (b == '"') | (b == '\\');
}

/* Up to the first that matches. Most runs are short, so the first block is looked at alone. */
static inline __attribute__((always_inline)) size_t run(const char *text, size_t n, block (*match)(block)) {
        char rest[BLOCK] = {};
        size_t i = 0, at;

        while (n - i >= BLOCK) {
                at = first(match(load(text + i)));
                i += at;
                if (at < BLOCK)
                        return i;
                for (const char *p = text + i; n - i >= BLOCKS * BLOCK; i += BLOCKS * BLOCK, p = text + i)
                        if (first(match(load(p)) | match(load(p + BLOCK)) | match(load(p + 2 * BLOCK)) |
                                    match(load(p + 3 * BLOCK))) < BLOCK)
                                break;
        }
        memcpy(rest, text + i, n - i); /* a NUL matches always */
        return i + first(match(load(rest)));
}

size_t ascii_run(const char *text, size_t n) {
        return run(text, n, no_ascii);
}

size_t ascii_plain_run(const char *text, size_t n) {
        return run(text, n, not_plain);
}
