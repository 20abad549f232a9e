/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel log, one record a read(2): "6,339,5140900,-;hv_vmbus: Vmbus version:6.0", see
 * Documentation/ABI/testing/dev-kmsg.
 */
#include "lib/facts/kernel-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define RECORD_MAX 8192 /* CONSOLE_EXT_LOG_MAX: a shorter buffer gets EINVAL */
#define KEPT_MAX 256

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

int kernel_log_init(struct kernel_log *log, int fd) {
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        *log = (struct kernel_log){ .fd = fd };
        return 0;
}

void kernel_log_done(struct kernel_log *log) {
        for (size_t i = 0; i < log->n; i++)
                free(log->lines[i]);
        free(log->lines);
        *log = KERNEL_LOG_NONE;
}

int kernel_log_keep(struct kernel_log *log, const char *message) {
        char **lines, *copy;

        if (!is_relevant(message) || log->n >= KEPT_MAX)
                return 0;
        lines = reallocarray(log->lines, log->n + 1, sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        log->lines = lines;
        copy = strdup(message);
        if (!copy)
                return -ENOMEM;
        lines[log->n++] = copy;
        return 0;
}

/* One record; what is behind its first newline is not of the message. text is changed. */
static int take_record(struct kernel_log *log, char *text) {
        char *message = strchr(text, ';'), *end;
        unsigned priority;

        /* the kernel's own records have facility 0, and no program can write one that has */
        if (!message || sscanf(text, "%u,", &priority) != 1 || priority > 7)
                return 0;
        message++;
        end = strchr(message, '\n');
        if (end)
                *end = 0;
        return kernel_log_keep(log, message);
}

int kernel_log_follow(struct kernel_log *log) {
        char text[RECORD_MAX + 1];

        for (;;) {
                ssize_t n = read(log->fd, text, sizeof(text) - 1);
                int r;

                if (n < 0 && (errno == EPIPE || errno == EINTR))
                        continue; /* EPIPE: overwritten before we came; the next read goes on with what is
                                     left */
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n == 0)
                        return 0;
                text[n] = 0;
                r = take_record(log, text);
                if (r < 0)
                        return r;
        }
}
