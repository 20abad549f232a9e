/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of the kernel log: from whoever follows it, else through a descriptor of our own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/facts/snapshot-record-private.h"

#define KMSG "dev/kmsg"
#define FILE_MAX (4 * 1024 * 1024) /* of an expanded snapshot's log */

/* r: of following it. What was read before an error counts all the same. */
static int take_lines(struct recorder *rec, const struct kernel_log *log, int r) {
        if (r < 0 && r != -ENOMEM)
                r = snapshot_add_error(rec->snapshot, KMSG, r);
        for (size_t i = 0; i < log->n && r == 0; i++)
                r = snapshot_add_kmsg(rec->snapshot, log->lines[i]);
        return r;
}

/* An expanded snapshot's log is a file, one message a line. */
static int read_expanded(struct kernel_log *log, int fd) {
        _cleanup_(freep) char *text = NULL;
        char *line, *rest;
        int r = file_read_fd(fd, FILE_MAX, &text, NULL);

        rest = text;
        while (r == 0 && (line = strsep(&rest, "\n")))
                r = kernel_log_keep(log, line);
        return r;
}

int record_kmsg(struct recorder *rec) {
        const struct snapshot_record_options *o = rec->options;
        _cleanup_(kernel_log_done) struct kernel_log log = KERNEL_LOG_NONE;
        _cleanup_(closep) int fd = -1;
        struct stat st;

        if (o->log) /* the descriptor's position is shared with the process that follows it */
                return take_lines(rec, o->log, o->seen ? 0 : kernel_log_follow(o->log));
        fd = sysroot_open(rec->root, KMSG, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd == -ENOENT)
                return 0;
        if (fd == -ENOMEM)
                return fd;
        if (fd < 0 || fstat(fd, &st) < 0)
                return snapshot_add_error(rec->snapshot, KMSG, fd < 0 ? fd : -errno);
        if (S_ISREG(st.st_mode))
                return take_lines(rec, &log, read_expanded(&log, fd));
        /* a device node is this machine's, wherever the folder is that it stands in */
        if (!S_ISCHR(st.st_mode) || o->foreign)
                return 0;
        log.fd = fd;
        return take_lines(rec, &log, kernel_log_follow(&log));
}
