/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where an errno becomes an exit code. */
#include "cli/context.h"

#include <errno.h>

int context_usage(struct context *x, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(x->diag.text, sizeof(x->diag.text), format, ap);
        va_end(ap);
        x->exit = EXIT_CODE_USAGE;
        return -EINVAL;
}

enum exit_code context_exit_code(const struct context *x, int r) {
        if (r >= 0 || x->exit != EXIT_CODE_GOOD)
                return x->exit;
        switch (-r) {
        case ENODEV:
        case ENOTUNIQ: /* several such things: none that was named */
        case ENOENT:
        case ESRCH: /* nothing waits to be confirmed */
                return EXIT_CODE_NO_SUCH_THING;
        case EACCES:
        case EPERM:
                return EXIT_CODE_NOT_AUTHORISED;
        case ENOTCONN:
        case ECONNRESET: /* only the bus is a connection */
                return EXIT_CODE_NO_DAEMON;
        default:
                return EXIT_CODE_FAILED;
        }
}
