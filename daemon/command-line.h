/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the command lines of cvmd, cvmd-attest and cvmd-fetch have in common: long options and nothing else.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/diag.h"

/* Values of options, beyond what a character can be. Every table has --version and --help, which are
 * answered here. */
enum {
        COMMAND_LINE_VERSION = 256,
        COMMAND_LINE_HELP,
        COMMAND_LINE_OPTIONS, /* the first of a program's own */
};

struct command_line {
        const char *program, *help;
        const struct option *table;
        /* One of the program's own options; argument is NULL for one that takes none. */
        int (*take)(int option, const char *argument, void *data, struct diag *d);
};

/* -EINVAL for what is not understood. *ret_said: --version or --help was answered, and that is all. */
int command_line_read(const struct command_line *c, int argc, char *argv[], void *data, bool *ret_said,
        struct diag *d);

/* --name=text: a number from min to max, times unit. -EINVAL. */
int command_line_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t unit,
        uint64_t *ret, struct diag *d);
