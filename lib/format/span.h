/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes that belong to someone else: the parsers of this folder hand out pieces of what they were given. */
#include <stddef.h>
#include <stdint.h>

struct span {
        const uint8_t *bytes; /* NULL: not there */
        size_t n;
};
