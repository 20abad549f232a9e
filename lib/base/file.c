/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For our own files and those that a user names; the kernel's files come through sysroot. */
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define FIRST_READ 4096

ssize_t file_read_some(int fd, void *ret, size_t n) {
        ssize_t got;

        do
                got = read(fd, ret, n);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
}

int file_read_fd(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *bytes = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (size == room) {
                        char *bigger;

                        room = room ? room * 2 : FIRST_READ;
                        bigger = realloc(bytes, room + 1);
                        if (!bigger)
                                return -ENOMEM;
                        bytes = bigger;
                }
                n = file_read_some(fd, bytes + size, room - size);
                if (n < 0)
                        return (int)n;
                if (n == 0)
                        break;
                size += (size_t)n;
                if (size > max)
                        return -EFBIG;
        }
        bytes[size] = 0;
        *ret = TAKE(bytes);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_read_at(int folder, const char *name, size_t max, char **ret, size_t *ret_size) {
        _cleanup_(closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size > 0 && (size_t)st.st_size > max)
                return -EFBIG;
        return file_read_fd(fd, max, ret, ret_size);
}

int file_fill_standard(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
                        return -errno;
        return 0;
}

bool file_is_kernel_log(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 11);
}

int file_write_fd(int fd, const void *bytes, size_t n) {
        const char *at = bytes;

        while (n > 0) {
                ssize_t written = write(fd, at, n);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -errno;
                at += written;
                n -= (size_t)written;
        }
        return 0;
}

/* Fills and syncs the temporary file, then gives it its name. */
static int fill_and_rename(int folder, int fd, const char *temporary, const char *name, const void *bytes,
        size_t n) {
        int r = file_write_fd(fd, bytes, n);

        if (r < 0)
                return r;
        if (fsync(fd) < 0)
                return -errno;
        if (renameat(folder, temporary, folder, name) < 0)
                return -errno;
        return 0;
}

int file_replace_at(int folder, const char *name, unsigned mode, const void *bytes, size_t n) {
        _cleanup_(freep) char *temporary = NULL;
        _cleanup_(closep) int fd = -1, parent = -1;
        const char *slash = strrchr(name, '/');
        int r;

        /* beside the file, hidden from whoever lists *.json; one writer a file, so a left-over may go */
        if (asprintf(&temporary, "%.*s.%s.new", slash ? (int)(slash - name + 1) : 0, name,
                    slash ? slash + 1 : name) < 0)
                return -ENOMEM;
        if (unlinkat(folder, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = fchmod(fd, mode) < 0 ? -errno : fill_and_rename(folder, fd, temporary, name, bytes, n);
        if (r < 0) {
                unlinkat(folder, temporary, 0);
                return r;
        }
        if (slash) {
                *strrchr(temporary, '/') = 0;
                parent = openat(folder, temporary[0] ? temporary : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        } else
                parent = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0 || fsync(parent) < 0)
                return -errno;
        return 0;
}

int file_put_at(int folder, const char *name, unsigned mode, const void *bytes, size_t n) {
        _cleanup_(freep) char *temporary = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        if (asprintf(&temporary, ".%s.new", name) < 0)
                return -ENOMEM;
        fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = mode != 0600 && fchmod(fd, mode) < 0 ? -errno : file_write_fd(fd, bytes, n);
        if (r >= 0 && renameat(folder, temporary, folder, name) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder, temporary, 0);
        return r;
}
