/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A bounds-checked reader over foreign bytes. It never reads outside its span: after a short read it is
 * bad for good and answers zeroes, so a parser reads a whole structure and asks once. Never read a cursor
 * inside an initialiser or an argument list: C leaves the order of such reads unspecified.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
        const uint8_t *at;
        size_t left;
        bool bad; /* something was asked for that is not there */
};

/* Borrows: the bytes must outlive the cursor and what it hands out. */
struct cursor cursor_over(const void *bytes, size_t n);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_le16(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);
uint16_t cursor_be16(struct cursor *c);
uint32_t cursor_be32(struct cursor *c);
uint64_t cursor_be64(struct cursor *c);

/* n bytes in place, or NULL (and bad) when fewer are left. For n = 0 any pointer, not to be read. */
const uint8_t *cursor_bytes(struct cursor *c, size_t n);

/* A child over the next n bytes, which the parent skips; bad, both of them, when fewer are left. */
struct cursor cursor_sub(struct cursor *c, size_t n);

/* Up to the next NUL, which is skipped too, or NULL (and bad) when there is none. */
const char *cursor_string(struct cursor *c);

/* True when nothing was missing and nothing is left. */
bool cursor_finish(const struct cursor *c);
