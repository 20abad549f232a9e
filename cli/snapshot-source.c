/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon sends is foreign bytes like any recording. */
#include "cli/snapshot-source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/bus-client.h"
#include "cli/offline.h"
#include "lib/base/file.h"
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

int snapshot_obtain(struct context *x, struct snapshot **ret) {
        int r;

        if (options_offline(x->options) || x->options->given[OPTION_PROBE])
                return offline_snapshot(x, ret);
        r = ask_daemon(x, ret);
        if (r != -ENOTCONN || x->options->given[OPTION_BUS] || geteuid() != 0)
                return r;
        x->hint = NULL;
        return offline_snapshot(x, ret);
}
