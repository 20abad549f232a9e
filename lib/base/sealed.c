/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sealed_seal(int memory) {
        if (fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | SEALS) < 0)
                return -errno;
        return lseek(memory, 0, SEEK_SET) < 0 ? -errno : 0;
}

int sealed_new(const char *name, const void *bytes, size_t n, int *ret) {
        _cleanup_(closep) int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r = memory < 0 ? -errno : file_write_fd(memory, bytes, n);

        if (r >= 0)
                r = sealed_seal(memory);
        if (r < 0)
                return r;
        *ret = take_fd(&memory);
        return 0;
}

int sealed_read(int fd, const char *what, size_t max, uint8_t **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat st;
        size_t size;
        ssize_t n;

        if (seals < 0 || (seals & SEALS) != SEALS)
                return diag_fail(d, -EBADMSG, "%s could still change: it is no sealed memfd", what);
        if (fstat(fd, &st) < 0)
                return diag_errno(d, -errno, "%s", what);
        size = (size_t)st.st_size;
        if (size > max)
                return diag_fail(d, -EFBIG, "%s has %zu bytes, at most %zu are read", what, size, max);
        bytes = malloc(size + 1);
        if (!bytes)
                return diag_errno(d, -ENOMEM, "%s", what);
        for (size_t at = 0; at < size; at += (size_t)n) {
                n = pread(fd, bytes + at, size - at, (off_t)at);
                if (n < 0 && errno == EINTR)
                        n = 0;
                else if (n <= 0)
                        return diag_errno(d, n < 0 ? -errno : -EIO, "%s", what);
        }
        bytes[size] = 0;
        *ret = TAKE(bytes);
        *ret_size = size;
        return 0;
}
