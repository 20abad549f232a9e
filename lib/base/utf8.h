/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#include <stddef.h>
#include <stdint.h>

/* How many of the n bytes the first character takes; 0 when they are no UTF-8, or none. ret may be NULL. */
size_t utf8_decode(const char *text, size_t n, uint32_t *ret);

/* Writes the character, without a NUL, and returns its length; 0 for what is no character. */
size_t utf8_encode(uint32_t character, char ret[4]);
