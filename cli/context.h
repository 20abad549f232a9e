/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every verb gets: the options, where to print, and where to say what went wrong. */
#include "cli/options.h"
#include "cli/output.h"
#include "lib/base/diag.h"

enum exit_code {
        EXIT_CODE_GOOD,
        EXIT_CODE_FAILED,
        EXIT_CODE_USAGE,
        EXIT_CODE_NOT_COMPLIANT, /* checked, and found wanting */
        EXIT_CODE_NO_SUCH_THING,
        EXIT_CODE_NOT_AUTHORISED,
        EXIT_CODE_NO_DAEMON,
};

struct context {
        const struct options *options;
        struct output out;
        struct diag diag; /* of a run that returned a negative errno */
        bool written;     /* the verb wrote to --output itself */
        const char *hint; /* what to do about it, on a line of its own; static; NULL: nothing */
        enum exit_code
                exit; /* of a run that returned 0; of a failed one, when the errno does not say enough */
};

/* The caller asked for something that makes no sense: fills diag, sets exit, returns -EINVAL. */
int context_usage(struct context *x, const char *format, ...) _printf_(2, 3);

/* -ENOTCONN is "daemon not reachable", -EACCES "not authorised", -ENODEV "no such thing", ... */
enum exit_code context_exit_code(const struct context *x, int r);
