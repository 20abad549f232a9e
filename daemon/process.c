/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What helpers are made of, and telling a process from another one that got its number later. */
#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define STAT_MAX 4096

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

void process_close_all_but(int a, int b, int c) {
        int keep[] = { STDERR_FILENO, a, b, c };
        unsigned from = 0;

        for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]);
                i++) /* in order: a handful, so by selection */
                for (size_t j = i + 1; j < sizeof(keep) / sizeof(keep[0]); j++)
                        if (keep[j] < keep[i]) {
                                int swap = keep[i];

                                keep[i] = keep[j];
                                keep[j] = swap;
                        }
        for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
                if ((unsigned)keep[i] > from)
                        (void)close_range(from, (unsigned)keep[i] - 1, 0);
                from = (unsigned)keep[i] + 1;
        }
        (void)close_range(from, UINT_MAX, 0);
}
