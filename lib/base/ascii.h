/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs of ASCII in texts of many kilobytes, such as base64 in JSON: many characters are looked at together.
 */
#include <stddef.h>

/* How many of the n bytes are ASCII, up to the first that is not, or is NUL. */
size_t ascii_run(const char *text, size_t n);

/* Likewise those that stand for themselves in a JSON string: printable, no quote, no backslash. */
size_t ascii_plain_run(const char *text, size_t n);
