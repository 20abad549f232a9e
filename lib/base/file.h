/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whole files: read bounded, written so that a reader sees the old one or the new one and never a part. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Reads fd to its end: at most max bytes, else -EFBIG. The caller frees *ret, which carries a NUL behind its
 * *ret_size bytes (ret_size may be NULL).
 */
int file_read_fd(int fd, size_t max, char **ret, size_t *ret_size);

/* The same for a regular file below folder (a descriptor or AT_FDCWD); -EINVAL for anything else, a FIFO
 * say. */
int file_read_at(int folder, const char *name, size_t max, char **ret, size_t *ret_size);

/*
 * Fills standard descriptors that are closed, so that nothing that is opened later is taken for one of them.
 * What is written to one that was closed still fails.
 */
int file_fill_standard(void);

/* Whether it is the kernel's log, /dev/kmsg. */
bool file_is_kernel_log(int fd);

/* At least one byte of at most n, as soon as there is one: how many; 0 at the end, -errno. */
ssize_t file_read_some(int fd, void *ret, size_t n);

/* Writes all n bytes; EINTR and short writes are carried on. */
int file_write_fd(int fd, const void *bytes, size_t n);

/* Replaces folder/name by n bytes with these mode bits: temporary file, fsync, rename, fsync of folder. */
int file_replace_at(int folder, const char *name, unsigned mode, const void *bytes, size_t n);

/*
 * The same for a folder that does not outlive the boot: whoever reads, even after a kill, finds the old one
 * or the new one, but nothing waits for a disk. name has no slash, and one writer; the mode bits whatever
 * the umask is.
 */
int file_put_at(int folder, const char *name, unsigned mode, const void *bytes, size_t n);
