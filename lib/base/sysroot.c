/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's sysroot, and everything that both kinds share on top of `open`. */
#include "lib/base/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/sysroot-private.h"

/* While something is renamed or mounted elsewhere, openat2() may refuse to vouch for ".." with EAGAIN. */
#define OPEN_ATTEMPTS 64

static int open_from(int folder, const char *path, int flags, uint64_t confined) {
        struct open_how how = {
                .flags = (uint64_t)(flags | O_CLOEXEC),
                .resolve = confined | RESOLVE_NO_MAGICLINKS,
        };

        for (unsigned attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
                long fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
        return -EAGAIN;
}

/* The rest of a path that lies below the held folder, else NULL. */
static const char *below_held(const struct sysroot *root, const char *path) {
        size_t n = root->held ? strlen(root->held) : 0;

        return n > 0 && strncmp(path, root->held, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1
                                                                                           : NULL;
}

/* The name of what lies directly in the held folder: no link can be on the way to it. Else NULL. */
static const char *name_in_held(const struct sysroot *root, const char *path) {
        const char *name = below_held(root, path);

        return name && name[0] != '.' && !strchr(name, '/') ? name : NULL;
}

int sysroot_open_in(struct sysroot *root, const char *path, int flags) {
        const char *rest = below_held(root, path);
        int fd = rest ? open_from(root->held_fd, rest, flags, RESOLVE_BENEATH) : -EXDEV;

        return fd == -EXDEV ? open_from(root->fd, path, flags, RESOLVE_IN_ROOT) : fd;
}

static int write_once(int fd, const char *text) {
        size_t n = strlen(text);
        ssize_t written;

        if (n == 0)
                return 0; /* opening it was the message */
        do
                written = write(fd, text, n);
        while (written < 0 && errno == EINTR);
        if (written < 0)
                return -errno;
        return (size_t)written == n ? 0 : -EIO;
}

static int host_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        int flags = O_WRONLY | O_NOCTTY | (mode == SYSROOT_TRUNCATE ? O_TRUNC : O_APPEND);
        _cleanup_(closep) int fd = sysroot_open_in(root, path, flags);

        return fd < 0 ? fd : write_once(fd, text);
}

/* The folder that path lies in, opened; *ret_name points at the last component. */
static int open_parent(struct sysroot *root, const char *path, const char **ret_name) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *parent = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
        int fd;

        if (!parent)
                return -ENOMEM;
        fd = sysroot_open_in(root, parent, O_PATH | O_DIRECTORY);
        if (fd >= 0)
                *ret_name = slash ? slash + 1 : path;
        return fd;
}

static int host_make_dir(struct sysroot *root, const char *path) {
        const char *name;
        _cleanup_(closep) int fd = open_parent(root, path, &name);

        if (fd < 0)
                return fd;
        return mkdirat(fd, name, 0700) < 0 ? -errno : 0;
}

static int host_remove_dir(struct sysroot *root, const char *path) {
        const char *name;
        _cleanup_(closep) int fd = open_parent(root, path, &name);

        if (fd < 0)
                return fd;
        return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int host_open_events(struct sysroot *root) {
        return -EOPNOTSUPP;
}

static void host_free(struct sysroot *root) {
        closep(&root->fd);
        free(root);
}

static const struct sysroot_ops host_ops = {
        .open = sysroot_open_in,
        .write = host_write,
        .make_dir = host_make_dir,
        .remove_dir = host_remove_dir,
        .open_events = host_open_events,
        .free = host_free,
};

int sysroot_open_folder(const char *folder, struct diag *d) {
        int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? diag_errno(d, -errno, "%s", folder) : fd;
}

int sysroot_new(const char *folder, struct sysroot **ret, struct diag *d) {
        _cleanup_(closep) int fd = sysroot_open_folder(folder, d);
        struct sysroot *root;

        if (fd < 0)
                return fd;
        root = malloc(sizeof(*root));
        if (!root)
                return diag_errno(d, -ENOMEM, "%s", folder);
        *root = (struct sysroot){
                .ops = &host_ops,
                .fd = take_fd(&fd),
                .is_running_system = strcmp(folder, "/") == 0,
        };
        *ret = root;
        return 0;
}

void sysroot_free(struct sysroot *root) {
        if (!root)
                return;
        sysroot_release(root);
        root->ops->free(root);
}

int sysroot_open(struct sysroot *root, const char *path, int flags) {
        return root->ops->open(root, path, flags);
}

int sysroot_hold(struct sysroot *root, const char *folder) {
        _cleanup_(closep) int fd = sysroot_open(root, folder, O_PATH | O_DIRECTORY);
        char *held;

        if (fd < 0)
                return fd;
        held = strdup(folder);
        if (!held)
                return -ENOMEM;
        sysroot_release(root);
        root->held = held;
        root->held_fd = take_fd(&fd);
        return 0;
}

void sysroot_release(struct sysroot *root) {
        if (root->held)
                closep(&root->held_fd);
        free(TAKE(root->held));
}

int sysroot_read(struct sysroot *root, const char *path, size_t max, char **ret, size_t *ret_size) {
        /* O_NONBLOCK: a FIFO or a device in place of a file must not hold us up */
        _cleanup_(closep) int fd = sysroot_open(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);

        if (fd < 0)
                return fd;
        return file_read_fd(fd, max, ret, ret_size);
}

int sysroot_read_line(struct sysroot *root, const char *path, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = sysroot_read(root, path, SYSFS_TEXT_MAX, &text, &n);

        if (r < 0)
                return r;
        if (n > 0 && text[n - 1] == '\n')
                text[--n] = 0;
        if (memchr(text, 0, n) || memchr(text, '\n', n))
                return -EBADMSG;
        *ret = TAKE(text);
        return 0;
}

static ssize_t read_link(struct sysroot *root, const char *path, char *target, size_t max) {
        const char *name = name_in_held(root, path);
        _cleanup_(closep) int fd = name ? -1 : sysroot_open(root, path, O_PATH | O_NOFOLLOW);
        ssize_t n;

        if (!name && fd < 0)
                return fd;
        n = readlinkat(name ? root->held_fd : fd, name ?: "", target, max);
        if (n < 0)
                /* ENOENT is what an empty path says of a thing that is no link. */
                return errno == ENOENT && !name ? -EINVAL : -errno;
        return n;
}

int sysroot_read_link(struct sysroot *root, const char *path, char **ret) {
        char target[4096];
        ssize_t n = read_link(root, path, target, sizeof(target));
        char *copy;

        if (n < 0)
                return (int)n;
        if ((size_t)n == sizeof(target))
                return -ENAMETOOLONG;
        copy = strndup(target, (size_t)n);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(struct sysroot_names *names, const char *name) {
        char **bigger;

        /* grows by doubling: the capacity is the next power of two */
        if ((names->n & (names->n - 1)) == 0) {
                bigger = reallocarray(names->names, names->n ? names->n * 2 : 1, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                names->names = bigger;
        }
        names->names[names->n] = strdup(name);
        if (!names->names[names->n])
                return -ENOMEM;
        names->n++;
        return 0;
}

void sysroot_names_done(struct sysroot_names *names) {
        for (size_t i = 0; i < names->n; i++)
                free(names->names[i]);
        free(names->names);
        *names = (struct sysroot_names){};
}

/* What one getdents64(2) gave. */
static int names_add_some(struct sysroot_names *names, const char *entries, size_t n) {
        const struct dirent64 *entry;
        int r = 0;

        for (size_t at = 0; at < n && r == 0; at += entry->d_reclen) {
                entry = (const struct dirent64 *)(entries + at);
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = names_add(names, entry->d_name);
        }
        return r;
}

/* The held folder is listed as what it is, whatever has its name now. */
static int open_to_list(struct sysroot *root, const char *path) {
        const int flags = O_RDONLY | O_DIRECTORY;

        if (root->held && strcmp(path, root->held) == 0)
                return open_from(root->held_fd, ".", flags, RESOLVE_BENEATH);
        return sysroot_open(root, path, flags);
}

/* Without a stream, which asks for what is known and is made for folders that are larger. */
int sysroot_list(struct sysroot *root, const char *path, struct sysroot_names *ret) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        _cleanup_(closep) int fd = open_to_list(root, path);
        _Alignas(struct dirent64) char entries[4096];
        ssize_t n;
        int r;

        if (fd < 0)
                return fd;
        while ((n = getdents64(fd, entries, sizeof(entries))) > 0) {
                r = names_add_some(&names, entries, (size_t)n);
                if (r < 0)
                        return r;
        }
        if (n < 0)
                return -errno;
        if (names.n > 0)
                qsort(names.names, names.n, sizeof(*names.names), compare_names);
        *ret = names;
        names = (struct sysroot_names){};
        return 0;
}

int sysroot_stat(struct sysroot *root, const char *path, struct stat *ret) {
        const char *name = name_in_held(root, path);
        _cleanup_(closep) int fd = name ? -1 : sysroot_open(root, path, O_PATH | O_NOFOLLOW);
        struct stat st;

        if (!name && fd < 0)
                return fd;
        if (fstatat(name ? root->held_fd : fd, name ?: "", &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
                return -errno;
        *ret = st;
        return 0;
}

int sysroot_stat_held(const struct sysroot *root, struct stat *ret) {
        struct stat st;

        if (!root->held)
                return -ENOENT;
        if (fstat(root->held_fd, &st) < 0)
                return -errno;
        *ret = st;
        return 0;
}

int sysroot_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode, const char *text) {
        return root->ops->write(root, path, mode, text);
}

int sysroot_write_kept(struct sysroot *root, const char *path, int *fd, const char *text) {
        if (root->ops->write != host_write) /* whose changes are messages, with nothing to keep open */
                return sysroot_write(root, path, SYSROOT_WRITE, text);
        if (*fd < 0) {
                int opened = sysroot_open(root, path, O_WRONLY | O_NOCTTY | O_APPEND);

                if (opened < 0)
                        return opened;
                *fd = opened;
        }
        return write_once(*fd, text);
}

int sysroot_make_dir(struct sysroot *root, const char *path) {
        return root->ops->make_dir(root, path);
}

int sysroot_remove_dir(struct sysroot *root, const char *path) {
        return root->ops->remove_dir(root, path);
}

int sysroot_open_events(struct sysroot *root) {
        return root->ops->open_events(root);
}
