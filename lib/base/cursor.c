/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every foreign byte passes through cursor_bytes(), the one place that compares a length with the rest. */
#include "lib/base/cursor.h"

#include <string.h>

struct cursor cursor_over(const void *bytes, size_t n) {
        return (struct cursor){ .at = bytes, .left = n };
}

const uint8_t *cursor_bytes(struct cursor *c, size_t n) {
        const uint8_t *p = c->at;

        if (c->bad || n > c->left) {
                c->bad = true;
                c->left = 0;
                return NULL;
        }
        if (n > 0)
                c->at += n;
        c->left -= n;
        return p;
}

/* The next n bytes as a number, most significant first (big) or last. */
static uint64_t number(struct cursor *c, size_t n, bool big) {
        const uint8_t *p = cursor_bytes(c, n);
        uint64_t v = 0;

        if (!p)
                return 0;
        for (size_t i = 0; i < n; i++)
                v = v << 8 | p[big ? i : n - 1 - i];
        return v;
}

uint8_t cursor_u8(struct cursor *c) {
        return (uint8_t)number(c, 1, true);
}

uint16_t cursor_le16(struct cursor *c) {
        return (uint16_t)number(c, 2, false);
}

uint32_t cursor_le32(struct cursor *c) {
        return (uint32_t)number(c, 4, false);
}

uint64_t cursor_le64(struct cursor *c) {
        return number(c, 8, false);
}

uint16_t cursor_be16(struct cursor *c) {
        return (uint16_t)number(c, 2, true);
}

uint32_t cursor_be32(struct cursor *c) {
        return (uint32_t)number(c, 4, true);
}

uint64_t cursor_be64(struct cursor *c) {
        return number(c, 8, true);
}

struct cursor cursor_sub(struct cursor *c, size_t n) {
        const uint8_t *p = cursor_bytes(c, n);

        if (c->bad)
                return (struct cursor){ .bad = true };
        return cursor_over(p, n);
}

const char *cursor_string(struct cursor *c) {
        const uint8_t *end = c->left > 0 ? memchr(c->at, 0, c->left) : NULL;

        if (!end) {
                c->bad = true;
                c->left = 0;
                return NULL;
        }
        return (const char *)cursor_bytes(c, (size_t)(end - c->at) + 1);
}

bool cursor_finish(const struct cursor *c) {
        return !c->bad && c->left == 0;
}
