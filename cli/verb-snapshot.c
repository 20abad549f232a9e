/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot: from the daemon, from a recording or from this machine; as text, or laid out as files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/bus-client.h"
#include "cli/offline.h"
#include "cli/verbs.h"
#include "lib/base/file.h"
#include "lib/facts/snapshot-expand.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/facts/snapshot-text.h"

/* A descriptor from another process: what it holds must not change any more, and be of a size to be read. */
static int check_sealed(struct context *x, int fd) {
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat st;

        if (seals < 0 ||
                (seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) !=
                        (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
                return diag_fail(&x->diag, -EBADMSG, "cvmd sent a snapshot that could still change");
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size > SNAPSHOT_TEXT_MAX)
                return diag_fail(&x->diag, -EFBIG, "cvmd sent a snapshot of %lld bytes",
                        (long long)st.st_size);
        return 0;
}

static int ask_daemon(struct context *x, struct snapshot **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r, fd;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "GetSnapshot", &reply, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "h", &fd); /* the reply owns it */
        if (r < 0)
                return client_bad_reply(x, r, "GetSnapshot");
        r = check_sealed(x, fd);
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0) /* whoever wrote it shares the position */
                return -errno;
        r = file_read_fd(fd, SNAPSHOT_TEXT_MAX, &text, &n);
        if (r < 0)
                return diag_errno(&x->diag, r, "cannot read what cvmd sent");
        return snapshot_parse("the daemon's snapshot", text, n, ret, &x->diag);
}

static int obtain(struct context *x, struct snapshot **ret) {
        int r;

        if (options_offline(x->options) || x->options->given[OPTION_PROBE])
                return offline_snapshot(x, ret);
        r = ask_daemon(x, ret);
        if (r != -ENOTCONN || x->options->given[OPTION_BUS] || geteuid() != 0)
                return r;
        x->hint = NULL;
        return offline_snapshot(x, ret);
}

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

        r = obtain(x, &s);
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
