/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON with comments in the one layout, so that nobody has to agree on another. */
#include <stddef.h>

#include "lib/base/diag.h"

#define JSON_FORMAT_COLUMNS 100

/*
 * Two blanks a level; an object or list on one line where it fits, holds no comments or empty lines, and is
 * no list of objects; one member a line otherwise. Comments stay before or behind what they are about; of
 * several empty lines one stays. Keys, strings and numbers stay as they are written, in their order. What it
 * gives it would not change again.
 *
 * The caller frees *ret, which is NUL-terminated and ends in a newline. -EBADMSG for what json_scan()
 * refuses, d names the first place as "line:column: ..."; -ENOMEM.
 */
int json_format(const char *text, size_t n, char **ret, size_t *ret_size, struct diag *d);
