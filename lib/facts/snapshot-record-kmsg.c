/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel log, one record a read(2): "6,339,5140900,-;hv_vmbus: Vmbus version:6.0", see
 * Documentation/ABI/testing/dev-kmsg.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/facts/snapshot-record-private.h"

#define KMSG "dev/kmsg"
#define RECORD_MAX 8192            /* CONSOLE_EXT_LOG_MAX: a shorter buffer gets EINVAL */
#define KEPT_MAX 256               /* lines; a host could make the kernel log one for each of its offers */
#define FILE_MAX (4 * 1024 * 1024) /* of an expanded snapshot's log */

static bool is_relevant(const char *text) {
        static const char *const beginnings[] = {
                "hv_vmbus: Establishing connection to the confidential VMBus",
                "hv_vmbus: Invalid offer ",
                "hv_vmbus: Vmbus version:",
                "Hyper-V: Isolation Config: ",
        };

        for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
                if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
                        return true;
        return false;
}

static int keep(struct recorder *rec, const char *message) {
        if (!is_relevant(message) || rec->snapshot->n_kmsg >= KEPT_MAX)
                return 0;
        return snapshot_add_kmsg(rec->snapshot, message);
}

/* One record; what is behind its first newline is not of the message. text is changed. */
static int take_record(struct recorder *rec, char *text) {
        char *message = strchr(text, ';'), *end;
        unsigned priority;

        /* the kernel's own records have facility 0, and no program can write one that has */
        if (!message || sscanf(text, "%u,", &priority) != 1 || priority > 7)
                return 0;
        message++;
        end = strchr(message, '\n');
        if (end)
                *end = 0;
        return keep(rec, message);
}

static int record_live(struct recorder *rec, int fd) {
        char text[RECORD_MAX + 1];

        for (;;) {
                ssize_t n = read(fd, text, sizeof(text) - 1);
                int r;

                if (n < 0 && (errno == EPIPE || errno == EINTR))
                        continue; /* EPIPE: overwritten before we came; the next read goes on with what is
                                     left */
                if (n < 0)
                        return errno == EAGAIN ? 0 : snapshot_add_error(rec->snapshot, KMSG, errno);
                if (n == 0)
                        return 0;
                text[n] = 0;
                r = take_record(rec, text);
                if (r < 0)
                        return r;
        }
}

/* An expanded snapshot's log is a file, one message a line. */
static int record_expanded(struct recorder *rec, int fd) {
        _cleanup_(freep) char *text = NULL;
        char *line, *rest;
        int r = file_read_fd(fd, FILE_MAX, &text, NULL);

        if (r < 0)
                return r == -ENOMEM ? r : snapshot_add_error(rec->snapshot, KMSG, r);
        rest = text;
        while ((line = strsep(&rest, "\n")) && r == 0)
                r = keep(rec, line);
        return r;
}

int record_kmsg(struct recorder *rec) {
        _cleanup_(closep) int fd = sysroot_open(rec->root, KMSG, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd == -ENOENT)
                return 0;
        if (fd == -ENOMEM)
                return fd;
        if (fd < 0 || fstat(fd, &st) < 0)
                return snapshot_add_error(rec->snapshot, KMSG, fd < 0 ? fd : -errno);
        if (S_ISREG(st.st_mode))
                return record_expanded(rec, fd);
        /* a device node is this machine's, wherever the folder is that it stands in */
        return S_ISCHR(st.st_mode) && !rec->options->foreign ? record_live(rec, fd) : 0;
}
