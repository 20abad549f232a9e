/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attest inspect: what evidence says. Neither daemon, root nor network; nothing is verified. */
#include <errno.h>

#include "cli/input.h"
#include "cli/inspect.h"
#include "cli/verbs.h"
#include "lib/format/cmw.h"

int verb_attest_inspect(struct context *x, char **args, size_t n) {
        _cleanup_(inspection_done) struct inspection i = {};
        _cleanup_(freep) char *bytes = NULL;
        size_t size;
        int r = input_read(args[0], CMW_MAX, &bytes, &size, &x->diag);

        if (r < 0)
                return r;
        r = inspect(&i, (struct span){ (const uint8_t *)bytes, size }, &x->diag);
        if (r < 0)
                return diag_wrap(&x->diag, r, "%s", args[0]);
        if (i.n_problems > 0)
                x->exit = EXIT_CODE_FAILED;
        return inspection_print(&i, &x->out);
}
