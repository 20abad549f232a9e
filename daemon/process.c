/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What helpers are made of, and telling a process from another one that got its number later. */
#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define STAT_MAX 4096
#define KEEP_MAX 32

int process_start_time(pid_t pid, uint64_t *ret) {
        _cleanup_(freep) char *text = NULL;
        unsigned long long started;
        char path[64];
        const char *at;
        int r;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        r = file_read_at(AT_FDCWD, path, STAT_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        at = strrchr(text, ')'); /* the name before it may hold anything */
        /* proc(5): fields 3 to 21 are between the name and starttime, the 22nd */
        if (!at ||
                sscanf(at + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                        &started) != 1)
                return -EBADMSG;
        *ret = started;
        return 0;
}

void process_abandon(struct process_child *c) {
        closep(&c->channel);
        closep(&c->pidfd);
        if (c->pid > 0)
                while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        *c = PROCESS_CHILD_NONE;
}

/* In the child: until it is let go. */
static void wait_for_go(int channel) {
        char go;

        if (file_read_some(channel, &go, sizeof(go)) != sizeof(go))
                _exit(EXIT_FAILURE);
}

int process_fork(struct process_child *ret) {
        struct process_child c = PROCESS_CHILD_NONE;
        int ends[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        c.channel = ends[0];
        c.pid = fork();
        r = c.pid < 0 ? -errno : 0;
        if (c.pid == 0) {
                close(ends[0]); /* or we would hold up ourselves what tells of our parent's end */
                wait_for_go(ends[1]);
                *ret = (struct process_child){ .pidfd = -1, .channel = ends[1] };
                return 0;
        }
        close(ends[1]);
        if (r == 0) {
                c.pidfd = pidfd_open(c.pid, 0);
                r = c.pidfd < 0 ? -errno : 0;
        }
        if (r < 0) {
                process_abandon(&c);
                return r;
        }
        *ret = c;
        return 1;
}

void process_let_go(int channel) {
        static const char go = 1;

        (void)send(channel, &go, sizeof(go), MSG_NOSIGNAL);
}

static int compare_descriptors(const void *a, const void *b) {
        return *(const int *)a - *(const int *)b;
}

static void close_all_but(const int *keep, size_t n_keep) {
        int sorted[KEEP_MAX] = { STDERR_FILENO };
        unsigned from = 0;
        size_t n = 1;

        for (size_t i = 0; i < n_keep && n < KEEP_MAX; i++)
                sorted[n++] = keep[i];
        qsort(sorted, n, sizeof(sorted[0]), compare_descriptors);
        for (size_t i = 0; i < n; i++) {
                if ((unsigned)sorted[i] > from)
                        (void)close_range(from, (unsigned)sorted[i] - 1, 0);
                from = (unsigned)sorted[i] + 1;
        }
        (void)close_range(from, UINT_MAX, 0);
}

void process_become_helper(const char *name, const int *keep, size_t n_keep) {
        sigset_t none;

        close_all_but(keep, n_keep);
        (void)prctl(PR_SET_NAME, name);
        (void)signal(SIGPIPE, SIG_IGN);
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
