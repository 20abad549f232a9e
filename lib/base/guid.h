/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A GUID in the order in which it is written; VMBus identifies classes and instances by them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GUID_TEXT_SIZE 37 /* 36 characters and the NUL */

struct guid {
        uint8_t bytes[16]; /* as printed from left to right, not the mixed-endian order of the wire */
};

/*
 * Takes exactly 8-4-4-4-12 hexadecimal digits in either case, bare or within one pair of braces, and nothing
 * around them. -EBADMSG for anything else.
 */
int guid_parse(const char *text, struct guid *ret);

/* Lower case, no braces: the form of sysfs and of every output. */
void guid_format(const struct guid *g, char ret[GUID_TEXT_SIZE]);

static inline bool guid_equal(const struct guid *a, const struct guid *b) {
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int guid_compare(const struct guid *a, const struct guid *b);
