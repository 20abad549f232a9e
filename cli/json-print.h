/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON in ASCII: every other character is a \u escape, a byte that is no UTF-8 the replacement character. So
 * it is valid whatever a device calls itself, the same in every locale, and harmless on a terminal.
 */
#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdio.h>

/* flags: JSON_C_TO_STRING_*. No newline behind. False for want of memory. */
bool json_print(FILE *f, struct json_object *o, int flags);
