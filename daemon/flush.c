/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log only grows, by whole lines: what was read of it is a chain by itself, whoever appends meanwhile. */
#include "daemon/flush.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/guid.h"
#include "lib/enforce/decision-log.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"
#define LOG_FILE "decisions.log"
#define SUFFIX ".log"

static const char *const folder = &FLUSH_FOLDER[1]; /* as the sysroot wants it */

/* *ret_size 0: nothing was decided, or no cvmd ran. */
static int read_log(const char *state, char **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(closep) int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(freep) char *text = NULL;
        const char *end;
        size_t n = 0;
        int r = fd < 0 ? -errno : file_read_at(fd, LOG_FILE, DECISION_LOG_MAX, &text, &n);

        if (r < 0 && r != -ENOENT)
                return diag_errno(d, r, "%s/" LOG_FILE, state);
        end = n > 0 ? memrchr(text, '\n', n) : NULL;
        *ret_size = end ? (size_t)(end - text) + 1 : 0;
        *ret = TAKE(text);
        return 0;
}

/* That of a boot, by its name; others are left alone. */
static bool is_kept_log(const char *name) {
        char id[GUID_TEXT_SIZE];
        struct guid guid;

        if (strlen(name) != sizeof(id) - 1 + strlen(SUFFIX) || strcmp(&name[sizeof(id) - 1], SUFFIX) != 0)
                return false;
        memcpy(id, name, sizeof(id) - 1);
        id[sizeof(id) - 1] = 0;
        return guid_parse(id, &guid) >= 0;
}

static int path_of(const char *name, char **ret) {
        return asprintf(ret, "%s/%s", folder, name) < 0 ? -ENOMEM : 0;
}

static bool is_older(const struct stat *a, const struct stat *b) {
        return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
                                                      : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* The one that was written longest ago; *ret_n: how many there are. */
static int find_oldest(struct sysroot *root, const char *but, char **ret, size_t *ret_n) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        _cleanup_(freep) char *oldest = NULL;
        struct stat least = {};
        size_t n = 0;
        int r = sysroot_list(root, folder, &names);

        for (size_t i = 0; i < names.n && r >= 0; i++) {
                _cleanup_(freep) char *path = NULL;
                struct stat st;

                if (!is_kept_log(names.names[i]))
                        continue;
                r = path_of(names.names[i], &path);
                if (r < 0 || sysroot_stat(root, path, &st) < 0)
                        continue;
                n++;
                if (strcmp(path, but) == 0 || (oldest && !is_older(&st, &least)))
                        continue;
                free(oldest);
                oldest = TAKE(path);
                least = st;
        }
        if (r < 0)
                return r;
        *ret = TAKE(oldest);
        *ret_n = n;
        return 0;
}

static int remove_oldest(struct sysroot *root, const char *but) {
        for (;;) {
                _cleanup_(freep) char *oldest = NULL;
                size_t n;
                int r = find_oldest(root, but, &oldest, &n);

                if (r < 0 || n <= FLUSH_BOOTS_MAX || !oldest)
                        return r;
                r = sysroot_remove_file(root, oldest);
                if (r < 0)
                        return r;
        }
}

static int log_path(struct sysroot *root, char **ret, struct diag *d) {
        _cleanup_(freep) char *boot = NULL;
        struct guid guid;
        int r = sysroot_read_line(root, BOOT_ID_FILE, &boot);

        if (r >= 0)
                r = guid_parse(boot, &guid);
        if (r < 0)
                return diag_errno(d, r, "/" BOOT_ID_FILE);
        return asprintf(ret, "%s/%s" SUFFIX, folder, boot) < 0 ? diag_errno(d, -ENOMEM, "%s", boot) : 0;
}

int flush_log(struct sysroot *root, const char *state, struct diag *d) {
        _cleanup_(freep) char *text = NULL, *path = NULL;
        size_t n = 0;
        int r = read_log(state, &text, &n, d);

        if (r < 0 || n == 0)
                return r;
        r = log_path(root, &path, d);
        if (r < 0)
                return r;
        r = sysroot_make_folders(root, folder, 0700);
        if (r >= 0)
                r = sysroot_replace(root, path, 0600, text, n);
        if (r >= 0)
                r = remove_oldest(root, path);
        return r < 0 ? diag_errno(d, r, "cannot keep the decision log in " FLUSH_FOLDER) : 0;
}
