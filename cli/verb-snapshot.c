/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot: from the daemon, from a recording or from this machine; as text, or laid out as files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/bundle.h"
#include "cli/snapshot-source.h"
#include "cli/verbs.h"
#include "lib/facts/snapshot-expand.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/facts/snapshot-text.h"

static int redact(struct context *x, struct snapshot **s) {
        struct snapshot *redacted;
        int r = snapshot_redact(*s, &redacted, &x->diag);

        if (r < 0)
                return r;
        snapshot_free(*s);
        *s = redacted;
        return 0;
}

static int expand(struct context *x, const struct snapshot *s) {
        const char *name = x->options->values[OPTION_EXPAND];
        _cleanup_(closep) int folder = -1;

        if (mkdir(name, 0777) < 0 && errno != EEXIST)
                return diag_errno(&x->diag, -errno, "cannot make the folder %s", name);
        folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return diag_errno(&x->diag, -errno, "cannot open the folder %s", name);
        return snapshot_expand(s, folder, &x->diag);
}

int verb_snapshot(struct context *x, char **args, size_t n) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = snapshot_obtain(x, &s);
        if (r >= 0 && x->options->given[OPTION_BUNDLE])
                return bundle_write(x, s);
        if (r >= 0 && x->options->given[OPTION_REDACT])
                r = redact(x, &s);
        if (r < 0)
                return r;
        if (x->options->given[OPTION_EXPAND])
                return expand(x, s);
        r = snapshot_format(s, &text, &size);
        if (r < 0)
                return r;
        x->out.private = !x->options->given[OPTION_REDACT];
        if (fwrite(text, 1, size, x->out.f) != size) /* it is escaped as it is */
                x->out.bad = true;
        return 0;
}
