/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Collecting what is wrong with policies; policy-file.h shows it to others. */
#include "lib/policy/policy-file.h"

/* Notes one; -ENOMEM. Beyond POLICY_PROBLEMS_MAX it only counts. */
int policy_problem_add(struct policy_problems *p, enum policy_severity severity, const char *file,
        size_t order, unsigned line, unsigned column, const char *format, ...) _printf_(7, 8);

/* In the order of files, lines and columns; d gets the first error. Returns -EBADMSG when there is one, else
 * 0. */
int policy_problems_close(struct policy_problems *p, struct diag *d);

/* The warnings become p's, the first few of them as they are: "policy: FILE:LINE:COLUMN: TEXT". -ENOMEM. */
int policy_problems_keep(const struct policy_problems *problems, struct policy *p);

/* Foreign text within a message: escaped, which makes up to four characters of a byte, and cut when it is
 * long. */
#define QUOTED_MAX 48
struct quote {
        char text[4 * QUOTED_MAX + sizeof("\"...\"")];
};
struct quote quote(const char *foreign);
