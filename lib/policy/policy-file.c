/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From folders to texts to one policy. All texts are read, bounded, before the first is parsed: what is too
 * much costs nothing, and what is parsed cannot change any more.
 */
#include "lib/policy/policy-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/policy/policy-found.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"

#define MASK "/dev/null"

static const char *below_root(const char *path) {
        return path + 1;
}

/* One load on its way. */
struct load {
        struct policy_texts read;
        size_t size;    /* the bytes in all of them */
        size_t n_seen;  /* files that were there, readable or not */
        bool too_large; /* and then nothing is parsed: that would be work without bounds */
        struct policy_problems problems;
};

void policy_texts_done(struct policy_texts *t) {
        for (size_t i = 0; i < t->n; i++) {
                free(t->texts[i].name);
                free(t->texts[i].text);
        }
        free(t->texts);
        *t = (struct policy_texts){};
}

static void load_done(struct load *l) {
        policy_texts_done(&l->read);
        policy_problems_done(&l->problems);
}

/* About a file as a whole; always 0, or -ENOMEM. */
static int refuse(struct load *l, const char *file, const char *format, ...) _printf_(3, 4);
static int refuse(struct load *l, const char *file, const char *format, ...) {
        char message[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        return policy_problem_add(&l->problems, POLICY_ERROR, file, l->read.n, 0, 0, "%s", message);
}

/* Of a file or folder that is there, or was named, and does not open or read. */
static int refuse_unread(struct load *l, const char *file, int error) {
        l->problems.n_unread++;
        return refuse(l, file, "cannot be read: %s", errno_text(error));
}

/* Takes text over in any case. */
static int add_text(struct load *l, const char *name, char *text, size_t n) {
        _cleanup_(freep) char *owned = text, *copy = strdup(name);
        struct policy_text *bigger = reallocarray(l->read.texts, l->read.n + 1, sizeof(*bigger));

        if (bigger)
                l->read.texts = bigger;
        if (!bigger || !copy)
                return -ENOMEM;
        l->read.texts[l->read.n++] = (struct policy_text){ .name = TAKE(copy), .text = TAKE(owned), .n = n };
        l->size += n;
        return 0;
}

static int add_copy(struct load *l, const struct policy_change *change) {
        char *copy = strdup(change->text);

        return copy ? add_text(l, change->path, copy, strlen(copy)) : -ENOMEM;
}

static int refuse_size(struct load *l, const char *name) {
        l->too_large = true;
        return refuse(l, name,
                "too large: a policy file has at most %d bytes, all of them together %d; let one rule "
                "match several devices",
                POLICY_FILE_MAX, POLICY_BYTES_MAX);
}

static int refuse_number(struct load *l, const char *name) {
        l->too_large = true;
        return refuse(l, name, "more than %d policy files: join some", POLICY_FILES_MAX);
}

static size_t room(const struct load *l) {
        size_t left = POLICY_BYTES_MAX - l->size;

        return left < POLICY_FILE_MAX ? left : POLICY_FILE_MAX;
}

/* Whether only root and owner can change it; tells otherwise. */
static int check_owner(struct load *l, const char *name, const struct stat *st, uid_t owner,
        bool *ret_good) {
        *ret_good = false;
        if (st->st_uid != 0 && st->st_uid != owner)
                return refuse(l, name, "owned by user %u: chown root it", (unsigned)st->st_uid);
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return refuse(l, name, "others can write it (mode %04o): chmod go-w it",
                        st->st_mode & 07777u);
        *ret_good = true;
        return 0;
}

static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
                a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
                a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A regular file, which must stay as it was before; anything else is read as it comes. */
static int read_bounded(struct load *l, int fd, const char *name, const struct stat *before) {
        _cleanup_(freep) char *text = NULL;
        struct stat after;
        size_t n;
        int r;

        if (S_ISREG(before->st_mode) && (uint64_t)before->st_size > room(l))
                return refuse_size(l, name);
        r = file_read_fd(fd, room(l), &text, &n);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return refuse_size(l, name);
        if (r < 0 || fstat(fd, &after) < 0)
                return refuse_unread(l, name, r < 0 ? r : -errno);
        if (S_ISREG(before->st_mode) && (n != (size_t)before->st_size || !same_file(before, &after)))
                return refuse(l, name,
                        "it changed while it was read: load it again, and replace files by renaming");
        return add_text(l, name, TAKE(text), n);
}

/* All questions are put to the descriptor that is read. */
static int read_opened(struct load *l, int fd, const char *name, uid_t owner) {
        struct stat st;
        bool good;
        int r;

        if (fstat(fd, &st) < 0)
                return refuse_unread(l, name, -errno);
        if (!S_ISREG(st.st_mode))
                return refuse(l, name, "not a regular file: remove it, or give it another name");
        r = check_owner(l, name, &st, owner, &good);
        return r < 0 || !good ? r : read_bounded(l, fd, name, &st);
}

/* A link to /dev/null takes the file away; any other is refused. */
static int read_link(struct load *l, struct sysroot *root, const struct policy_found *f) {
        _cleanup_(freep) char *target = NULL;
        int r = sysroot_read_link(root, below_root(f->path), &target);

        if (r == -ENOMEM)
                return r;
        if (r == 0 && strcmp(target, MASK) == 0)
                return 0;
        return refuse(l, f->path, "a link: copy the file here, or link to " MASK " to take it away");
}

static int read_found(struct load *l, struct sysroot *root, const struct policy_found *f, uid_t owner) {
        _cleanup_(closep) int fd =
                sysroot_open(root, below_root(f->path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

        if (fd == -ELOOP)
                return read_link(l, root, f);
        if (fd < 0)
                return refuse_unread(l, f->path, fd);
        return read_opened(l, fd, f->path, owner);
}

/* Who can write the folder can add and replace files. */
static int check_folder(struct load *l, struct sysroot *root, const char *folder, uid_t owner,
        bool *ret_good) {
        _cleanup_(closep) int fd = sysroot_open(root, below_root(folder), O_PATH | O_DIRECTORY);
        struct stat st;

        *ret_good = false;
        if (fd == -ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse_unread(l, folder, fd < 0 ? fd : -errno);
        return check_owner(l, folder, &st, owner, ret_good);
}

static int find_in(struct load *l, struct sysroot *root, size_t rank, uid_t owner,
        struct policy_found_list *list) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        bool good;
        int r = check_folder(l, root, policy_folders[rank], owner, &good);

        if (r < 0 || !good)
                return r;
        r = sysroot_list(root, below_root(policy_folders[rank]), &names);
        if (r < 0)
                return r == -ENOMEM ? r : refuse_unread(l, policy_folders[rank], r);
        return policy_found_add(list, rank, names.names, names.n);
}

/* change: NULL: none. */
static int find_and_read(struct load *l, struct sysroot *root, uid_t owner,
        const struct policy_change *change) {
        _cleanup_(policy_found_done) struct policy_found_list list = {};
        int r = 0;

        for (size_t rank = 0; r == 0 && rank < N_POLICY_FOLDERS; rank++)
                r = find_in(l, root, rank, owner, &list);
        if (r == 0 && change)
                r = policy_found_change(&list, change);
        policy_found_sort(&list);
        for (size_t i = 0; r == 0 && i < list.n; i++) {
                if (i > 0 && strcmp(list.found[i - 1].name, list.found[i].name) == 0)
                        continue;
                if (l->n_seen++ == POLICY_FILES_MAX)
                        return refuse_number(l, list.found[i].path);
                r = change && change->text && strcmp(list.found[i].path, change->path) == 0
                        ? add_copy(l, change)
                        : read_found(l, root, &list.found[i], owner);
        }
        return r;
}

/* The end of every load; r is what came of reading. */
static int load_finish(struct load *l, struct policy *p, int r, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(policy_freep) struct policy *owned = p;

        if (r == 0)
                r = policy_finish(p, &l->problems);
        if (r < 0)
                return diag_errno(d, r, "policy");
        r = policy_problems_close(&l->problems, d);
        if (r == 0 && policy_problems_keep(&l->problems, p) < 0)
                return diag_errno(d, -ENOMEM, "policy");
        *ret_problems = l->problems;
        l->problems = (struct policy_problems){};
        if (r == 0)
                *ret = TAKE(owned);
        return r;
}

static int load_parse(struct load *l, struct policy **ret, struct policy_problems *ret_problems,
        struct diag *d) {
        struct policy *p = calloc(1, sizeof(*p));
        int r = p ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < l->read.n && !l->too_large; i++)
                r = policy_read_text(p, l->read.texts[i].name, l->read.texts[i].text, l->read.texts[i].n,
                        &l->problems);
        return load_finish(l, p, r, ret, ret_problems, d);
}

/* The end of reading alone. */
static int load_hand_out(struct load *l, struct policy_texts *ret, struct policy_problems *ret_problems,
        struct diag *d) {
        int r = policy_problems_close(&l->problems, d);

        *ret_problems = l->problems;
        l->problems = (struct policy_problems){};
        if (r < 0)
                return r;
        *ret = l->read;
        l->read = (struct policy_texts){};
        return 0;
}

int policy_load(struct sysroot *root, uid_t owner, struct policy **ret, struct policy_problems *ret_problems,
        struct diag *d) {
        return policy_load_changed(root, owner, NULL, ret, ret_problems, d);
}

int policy_load_changed(struct sysroot *root, uid_t owner, const struct policy_change *change,
        struct policy **ret, struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(load_done) struct load l = {};
        int r = find_and_read(&l, root, owner, change);

        if (r < 0)
                return diag_errno(d, r, "policy");
        if (l.read.n == 0 && l.problems.n_errors == 0)
                return diag_fail(d, -ENODATA,
                        "no policy: no *" POLICY_SUFFIX " in /etc, /run or /usr/lib/cvmd/policy.d");
        return load_parse(&l, ret, ret_problems, d);
}

/* A file that a user names, wherever it is and whoever owns it. */
static int read_named(struct load *l, const char *path) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        if (l->n_seen++ >= POLICY_FILES_MAX)
                return l->n_seen == POLICY_FILES_MAX + 1 ? refuse_number(l, path) : 0;
        r = file_read_at(AT_FDCWD, path, room(l), &text, &n);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return refuse_size(l, path);
        if (r == -EINVAL) {
                l->problems.n_unread++;
                return refuse(l, path, "not a regular file");
        }
        if (r < 0)
                return refuse_unread(l, path, r);
        return add_text(l, path, TAKE(text), n);
}

static int read_named_folder(struct load *l, const char *folder) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        int r = sysroot_new(folder, &root, NULL);

        if (r == 0)
                r = sysroot_list(root, ".", &names);
        if (r < 0)
                return r == -ENOMEM ? r : refuse_unread(l, folder, r);
        for (size_t i = 0; r == 0 && i < names.n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (!policy_is_name(names.names[i]))
                        continue;
                r = asprintf(&path, "%s/%s", folder, names.names[i]) < 0 ? -ENOMEM : read_named(l, path);
        }
        return r;
}

/* -ENODATA when there is no file at all. */
static int read_all_named(struct load *l, char *const *paths, size_t n, struct diag *d) {
        for (size_t i = 0; i < n; i++) {
                struct stat st;
                bool is_folder = stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode);
                int r = is_folder ? read_named_folder(l, paths[i]) : read_named(l, paths[i]);

                if (r < 0)
                        return diag_errno(d, r, "policy");
        }
        if (l->n_seen == 0 && l->problems.n_errors == 0)
                return diag_fail(d, -ENODATA, "no policy: no *" POLICY_SUFFIX " in what was named");
        return 0;
}

int policy_load_files(char *const *paths, size_t n, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(load_done) struct load l = {};
        int r = read_all_named(&l, paths, n, d);

        return r < 0 ? r : load_parse(&l, ret, ret_problems, d);
}

int policy_read_files(char *const *paths, size_t n, struct policy_texts *ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(load_done) struct load l = {};
        int r = read_all_named(&l, paths, n, d);

        return r < 0 ? r : load_hand_out(&l, ret, ret_problems, d);
}

static int read_source(struct load *l, const struct policy_source *source) {
        struct stat st;

        if (fstat(source->fd, &st) < 0)
                return refuse_unread(l, source->name, -errno);
        if (lseek(source->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
                return refuse_unread(l, source->name, -errno);
        return read_bounded(l, source->fd, source->name, &st);
}

int policy_read_sources(const struct policy_source *sources, size_t n, struct policy_texts *ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(load_done) struct load l = {};

        for (size_t i = 0; i < n; i++) {
                int r = read_source(&l, &sources[i]);

                if (r < 0)
                        return diag_errno(d, r, "policy");
        }
        return load_hand_out(&l, ret, ret_problems, d);
}

int policy_parse_texts(const struct policy_texts *texts, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        struct load l = { .read = *texts }; /* borrowed, so load_done() is not for it */
        int r = load_parse(&l, ret, ret_problems, d);

        policy_problems_done(&l.problems);
        return r;
}

int policy_parse(const char *name, const char *text, size_t n, struct policy **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(load_done) struct load l = {};
        struct policy *p = calloc(1, sizeof(*p));
        int r = p ? policy_read_text(p, name, text, n, &l.problems) : -ENOMEM;

        return load_finish(&l, p, r, ret, ret_problems, d);
}
