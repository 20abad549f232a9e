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
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define STAT_MAX 4096
#define KEEP_MAX 8

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
