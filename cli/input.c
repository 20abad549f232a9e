/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"

static const char *shown(const char *name) {
        return strcmp(name, "-") == 0 ? "stdin" : name;
}

int input_open(const char *name, int *ret, struct diag *d) {
        _cleanup_(closep) int fd = strcmp(name, "-") == 0
                ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat st;

        if (fd < 0)
                return diag_errno(d, -errno, "cannot open %s", shown(name));
        if (fstat(fd, &st) < 0)
                return diag_errno(d, -errno, "cannot look at %s", shown(name));
        if (S_ISDIR(st.st_mode))
                return diag_fail(d, -EISDIR, "%s is a folder: name a file", shown(name));
        if (S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd) && strcmp(name, "-") != 0))
                return diag_fail(d, -EINVAL, "%s is a device: name a file", shown(name));
        *ret = take_fd(&fd);
        return 0;
}

static int too_large(const char *name, size_t max, struct diag *d) {
        return diag_fail(d, -EFBIG, "%s is larger than the %zu KiB that are possible", shown(name),
                max / 1024);
}

int input_read(const char *name, size_t max, char **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r = input_open(name, &fd, d);

        if (r < 0)
                return r;
        if (fstat(fd, &st) >= 0 && S_ISREG(st.st_mode) && (size_t)st.st_size > max)
                return too_large(name, max, d);
        r = file_read_fd(fd, max, ret, ret_size);
        if (r == -EFBIG)
                return too_large(name, max, d);
        return r < 0 ? diag_errno(d, r, "cannot read %s", shown(name)) : 0;
}
