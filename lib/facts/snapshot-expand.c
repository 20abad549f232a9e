/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reverse of recording. Nothing is followed on the way: every folder that is entered was made or opened
 * as a folder.
 */
#include "lib/facts/snapshot-expand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/facts/link-path.h"
#include "lib/facts/snapshot-text-private.h"

static int check_empty(int folder, struct diag *d) {
        _cleanup_(closep) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR *dir = NULL;
        struct dirent *entry;

        if (fd < 0)
                return diag_errno(d, -errno, "the folder to expand into");
        dir = fdopendir(fd);
        if (!dir)
                return diag_errno(d, -errno, "the folder to expand into");
        fd = -1; /* the stream has it now */
        while ((entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        return diag_fail(d, -ENOTEMPTY, "the folder to expand into is not empty: it has %s",
                                entry->d_name);
        return 0;
}

/* Paths are plain, or the snapshot could not have been sealed. */
static int check_links(const struct snapshot *s, struct diag *d) {
        for (size_t i = 0; i < s->n_entries; i++) {
                const struct snapshot_entry *e = &s->entries[i];

                if (e->kind == SNAPSHOT_SYMLINK && !link_is_contained(e->path, e->value))
                        return diag_fail(d, -EBADMSG, "link %s to %s: would lead out of the folder", e->path,
                                e->value);
        }
        return 0;
}

/* The folder that path lies in, made with all above it; *ret_name points at the last component. */
static int make_parent(int folder, const char *path, const char **ret_name) {
        _cleanup_(closep) int at = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *slash;

        if (at < 0)
                return -errno;
        for (; (slash = strchr(path, '/')); path = slash + 1) {
                _cleanup_(freep) char *name = strndup(path, (size_t)(slash - path));
                int next;

                if (!name)
                        return -ENOMEM;
                if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
                        return -errno;
                next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return -errno;
                close(at);
                at = next;
        }
        *ret_name = path;
        return take_fd(&at);
}

static int make_file(int folder, const char *path, unsigned mode, const void *bytes, size_t n) {
        const char *name;
        _cleanup_(closep) int parent = make_parent(folder, path, &name), fd = -1;
        int r;

        if (parent < 0)
                return parent;
        fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = file_write_fd(fd, bytes, n);
        if (r < 0)
                return r;
        return fchmod(fd, mode & 0777) < 0 ? -errno : 0; /* no file of a snapshot becomes set-user-ID */
}

static int make_dir(int folder, const char *path) {
        const char *name;
        _cleanup_(closep) int parent = make_parent(folder, path, &name);

        if (parent < 0)
                return parent;
        return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_link(int folder, const char *path, const char *target) {
        const char *name;
        _cleanup_(closep) int parent = make_parent(folder, path, &name);

        if (parent < 0)
                return parent;
        return symlinkat(target, parent, name) < 0 ? -errno : 0;
}

/* A link that leads nowhere and says why: the sysroot of a simulator answers with that errno. */
static int make_error(int folder, const char *path, int error) {
        _cleanup_(freep) char *target = NULL;
        char buffer[ERRNO_NAME_SIZE];

        if (asprintf(&target, "errno:%s", snapshot_errno_to_name(error, buffer)) < 0)
                return -ENOMEM;
        return make_link(folder, path, target);
}

static int make_entry(int folder, const struct snapshot_entry *e) {
        switch (e->kind) {
        case SNAPSHOT_FILE:
                return make_file(folder, e->path, e->mode, e->value, e->size);
        case SNAPSHOT_ERROR:
                return make_error(folder, e->path, e->error);
        case SNAPSHOT_DIR:
                return make_dir(folder, e->path);
        case SNAPSHOT_SYMLINK:
                return make_link(folder, e->path, e->value);
        }
        return -EINVAL;
}

/* As the tables of /proc write a blank, a tab, a newline and a backslash. */
static void put_octal(FILE *f, const char *text) {
        for (; *text; text++)
                if (strchr(" \t\n\\", *text))
                        fprintf(f, "\\%03o", (unsigned char)*text);
                else
                        fputc(*text, f);
}

static void put_mounts(FILE *f, const struct snapshot *s) {
        for (size_t i = 0; i < s->n_mounts; i++) {
                const struct snapshot_mount *m = &s->mounts[i];

                fprintf(f, "%zu 1 %u:%u / ", i + 2, m->major, m->minor);
                put_octal(f, m->where);
                fputs(" rw - ", f);
                put_octal(f, m->type);
                fputc(' ', f);
                put_octal(f, m->source ? m->source : "none");
                fputs(" rw\n", f);
        }
}

static void put_swaps(FILE *f, const struct snapshot *s) {
        fputs("Filename\tType\tSize\tUsed\tPriority\n", f);
        for (size_t i = 0; i < s->n_swaps; i++) {
                put_octal(f, s->swaps[i]);
                fputs(" partition\t0\t0\t-2\n", f);
        }
}

static void put_kmsg(FILE *f, const struct snapshot *s) {
        for (size_t i = 0; i < s->n_kmsg; i++)
                fprintf(f, "%s\n", s->kmsg[i]);
}

static void put_network(FILE *f, const struct snapshot *s) {
        for (size_t i = 0; i < s->n_netlink; i++)
                fprintf(f, "%s\n", s->netlink[i]);
}

/* A file that a typed line of the snapshot stands for. */
static int make_table(int folder, const char *path, const struct snapshot *s,
        void (*put)(FILE *f, const struct snapshot *s)) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        bool failed;

        if (!f)
                return -ENOMEM;
        put(f, s);
        failed = ferror(f);
        if (fclose(f) != 0 || failed)
                return -ENOMEM;
        return make_file(folder, path, 0444, text, size);
}

int snapshot_expand(const struct snapshot *s, int folder, struct diag *d) {
        int r = check_empty(folder, d);

        if (r == 0)
                r = check_links(s, d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_entries; i++) {
                r = make_entry(folder, &s->entries[i]);
                if (r < 0)
                        return diag_errno(d, r, "%s", s->entries[i].path);
        }
        if (s->n_kmsg > 0)
                r = make_table(folder, "dev/kmsg", s, put_kmsg);
        if (r == 0 && s->n_mounts > 0)
                r = make_table(folder, "proc/self/mountinfo", s, put_mounts);
        if (r == 0 && s->n_swaps > 0)
                r = make_table(folder, "proc/swaps", s, put_swaps);
        if (r == 0 && s->n_netlink > 0)
                r = make_table(folder, SNAPSHOT_NETWORK_FILE, s, put_network);
        return r < 0 ? diag_errno(d, r, "dev/kmsg, proc/self/mountinfo, proc/swaps or netlink") : 0;
}
