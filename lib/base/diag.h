/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What went wrong, for a person. Functions that can fail in ways worth explaining take a diag last; it may
 * be NULL. The return code says what a program may do about it:
 *   -EBADMSG      malformed input
 *   -ENODATA      the source is absent
 *   -EOPNOTSUPP   not on this platform
 *   -EKEYREJECTED verification failed
 * and every other negative errno means what the system means by it.
 */
#include <stdarg.h>

#include "lib/base/cleanup.h"

struct diag {
        char text[1024]; /* one line, no trailing newline or full stop; "" when nothing was said */
};

/* Replaces the text of d, if there is a d, and returns r: `return diag_fail(d, -EBADMSG, "..."); */
int diag_fail(struct diag *d, int r, const char *format, ...) _printf_(3, 4);

/* Puts "format: " in front of what d says, and returns r. */
int diag_wrap(struct diag *d, int r, const char *format, ...) _printf_(3, 4);

/* The system's text for a negative errno; never NULL. Static. */
const char *errno_text(int r);

/* Like diag_fail, with ": " and the system's text for r behind. */
int diag_errno(struct diag *d, int r, const char *format, ...) _printf_(3, 4);
