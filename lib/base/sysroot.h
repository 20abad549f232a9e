/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The only door to /sys, /proc, /dev and the policy folders. A sysroot is a folder that stands for "/" and a
 * table of operations over it. Paths are relative to that folder ("sys/bus/vmbus/devices"); they are
 * resolved by openat2(2) with RESOLVE_IN_ROOT, so that no link, however hostile, leads out of it. A path
 * that is being renamed elsewhere makes the kernel answer EAGAIN: that is retried, a bounded number of
 * times.
 *
 * Two kinds: the host's (reads and writes go to the files), and a simulated one (reads go to the files,
 * changes go to a simulator's socket, which answers with an errno and acts: see sysroot-simulated.c for the
 * protocol).
 *
 * All functions return 0 or a negative errno and leave their outputs untouched on failure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/diag.h"

#define SYSFS_TEXT_MAX 4096 /* what one sysfs attribute can hold */

struct sysroot;

enum sysroot_write_mode {
        SYSROOT_WRITE, /* as `echo text >>file`: for attributes, and files that take one command a write */
        SYSROOT_TRUNCATE, /* as `echo text >file`: for tracefs files where opening so means "clear" */
};

/* A sorted list of names. Zero-initialised is empty. */
struct sysroot_names {
        char **names;
        size_t n;
};

struct sysroot_ops {
        int (*open)(struct sysroot *root, const char *path, int flags);
        int (*write)(struct sysroot *root, const char *path, enum sysroot_write_mode mode, const char *text);
        int (*make_dir)(struct sysroot *root, const char *path);
        int (*remove_dir)(struct sysroot *root, const char *path);
        int (*open_events)(struct sysroot *root);
        void (*free)(struct sysroot *root);
};

/* The base of every kind; sysroot_free() frees all of it. */
struct sysroot {
        const struct sysroot_ops *ops;
        int fd;                 /* the folder */
        bool is_running_system; /* what is no file of it (netlink) may be asked of the kernel itself */
        char *held;             /* see sysroot_hold(); NULL: nothing is held */
        int held_fd;
};

/* folder: "/" for the running system. */
int sysroot_new(const char *folder, struct sysroot **ret, struct diag *d);

/* socket: where the simulator of that folder listens. */
int sysroot_new_simulated(const char *folder, const char *socket, struct sysroot **ret, struct diag *d);

void sysroot_free(struct sysroot *root);
DEFINE_FREEP(struct sysroot, sysroot_free)

/*
 * Until sysroot_release(), what lies below that folder is looked up from the folder itself, and not again
 * from "/" on: sooner found, and never in another folder that has come under the same name since; -ENOENT
 * once the folder is gone; listing it lists that one. Links that lead out of it are followed from "/" on,
 * and otherwise the folder's own path is looked up anew. One folder at a time. Changes that a simulator
 * makes go by the path as ever.
 */
int sysroot_hold(struct sysroot *root, const char *folder);
void sysroot_release(struct sysroot *root); /* nothing need be held */

/* Of the held folder itself. */
int sysroot_stat_held(const struct sysroot *root, struct stat *ret);

static inline void sysroot_releasep(struct sysroot **root) {
        sysroot_release(*root);
}

/* A descriptor (O_CLOEXEC is added), or a negative errno. The caller closes it. */
int sysroot_open(struct sysroot *root, const char *path, int flags);

/*
 * Reads the whole file: at most max bytes, else -EFBIG; never a truncated one. The caller frees *ret, which
 * carries a NUL behind its *ret_size bytes (ret_size may be NULL).
 */
int sysroot_read(struct sysroot *root, const char *path, size_t max, char **ret, size_t *ret_size);

/* The same for one line, the newline at its end cut off: -EBADMSG for a NUL or another newline. */
int sysroot_read_line(struct sysroot *root, const char *path, char **ret);

/* Where a link points to, as it is written. The caller frees *ret. -EINVAL when path is no link. */
int sysroot_read_link(struct sysroot *root, const char *path, char **ret);

/* The entries of a folder but . and .., sorted by byte value. The caller ends *ret with
 * sysroot_names_done(). */
int sysroot_list(struct sysroot *root, const char *path, struct sysroot_names *ret);
void sysroot_names_done(struct sysroot_names *names);

/* Of the thing itself: a link is not followed. */
int sysroot_stat(struct sysroot *root, const char *path, struct stat *ret);

/* One write(2) of the whole text; a short write is -EIO. What the kernel made of it: re-read. */
int sysroot_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode, const char *text);

/* As SYSROOT_WRITE, for a file that is written to often: kept open as *fd, -1 at first. The caller closes
 * it. */
int sysroot_write_kept(struct sysroot *root, const char *path, int *fd, const char *text);

int sysroot_make_dir(struct sysroot *root, const char *path);
int sysroot_remove_dir(struct sysroot *root, const char *path);

/*
 * Configuration and state on the disk, in either kind. Replaced whole or not at all: temporary file, fsync,
 * rename, fsync of the folder, which must be there; a link in place of the file is replaced, not followed.
 */
int sysroot_replace(struct sysroot *root, const char *path, unsigned mode, const void *bytes, size_t n);
int sysroot_remove_file(struct sysroot *root, const char *path); /* and fsync of its folder */

/* That folder and those above it, as far as they are missing. */
int sysroot_make_folders(struct sysroot *root, const char *path, unsigned mode);

/* A descriptor from which a simulator's uevents are received, one a message; -EOPNOTSUPP on the host's. */
int sysroot_open_events(struct sysroot *root);
