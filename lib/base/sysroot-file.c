/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration and state that are kept below a sysroot. They are plain files in every kind of it: a
 * simulator plays the kernel, not the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/sysroot-private.h"

/* The folder that path lies in, opened so that it can be synced; *ret_name points at the last component. */
static int open_folder_of(struct sysroot *root, const char *path, const char **ret_name) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
        int fd;

        if (!folder)
                return -ENOMEM;
        fd = sysroot_open_in(root, folder, O_RDONLY | O_DIRECTORY);
        if (fd >= 0)
                *ret_name = slash ? slash + 1 : path;
        return fd;
}

int sysroot_replace(struct sysroot *root, const char *path, unsigned mode, const void *bytes, size_t n) {
        const char *name;
        _cleanup_(closep) int folder = open_folder_of(root, path, &name);

        return folder < 0 ? folder : file_replace_at(folder, name, mode, bytes, n);
}

int sysroot_remove_file(struct sysroot *root, const char *path) {
        const char *name;
        _cleanup_(closep) int folder = open_folder_of(root, path, &name);

        if (folder < 0)
                return folder;
        if (unlinkat(folder, name, 0) < 0)
                return -errno;
        return fsync(folder) < 0 ? -errno : 0;
}

int sysroot_make_folders(struct sysroot *root, const char *path, unsigned mode) {
        _cleanup_(freep) char *sofar = strdup(path);

        if (!sofar)
                return -ENOMEM;
        for (char *end = sofar; end;) {
                _cleanup_(closep) int folder = -1;
                const char *name;

                end = strchr(end, '/');
                if (end)
                        *end = 0;
                folder = open_folder_of(root, sofar, &name);
                if (folder < 0)
                        return folder;
                if (mkdirat(folder, name, mode) < 0 && errno != EEXIST)
                        return -errno;
                if (end)
                        *end++ = '/';
        }
        return 0;
}
