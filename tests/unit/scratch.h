/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A folder of a test's own below the folder that it runs in, removed with everything in it. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

struct scratch {
        char path[32];
        int fd;
};

static inline struct scratch scratch_new(void) {
        struct scratch s = { .path = "scratch.XXXXXX" };

        assert_non_null(mkdtemp(s.path));
        s.fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(s.fd >= 0);
        return s;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

/* Everything below path, and path. */
static inline void scratch_remove(const char *path) {
        nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_done(struct scratch *s) {
        close(s->fd);
        scratch_remove(s->path);
}
