/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A folder of a test's own below the folder that it runs in, removed with everything in it. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"

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

/* The folders above path, with modes that do not depend on the umask. */
static inline void scratch_make_parents(const struct scratch *s, const char *path) {
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_(freep) char *folder = strndup(path, (size_t)(slash - path));

                if (mkdirat(s->fd, folder, 0755) == 0)
                        assert_int_equal(fchmodat(s->fd, folder, 0755, 0), 0);
        }
}

static inline void scratch_write(const struct scratch *s, const char *path, const char *text) {
        scratch_make_parents(s, path);
        assert_int_equal(file_replace_at(s->fd, path, 0644, text, strlen(text)), 0);
}

static inline void scratch_link(const struct scratch *s, const char *target, const char *path) {
        scratch_make_parents(s, path);
        assert_int_equal(symlinkat(target, s->fd, path), 0);
}
