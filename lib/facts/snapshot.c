/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of everything that was read: growing it, closing it, and finding things in it. */
#include "lib/facts/snapshot.h"

#include <errno.h>
#include <string.h>

#include "lib/facts/link-path.h"

int snapshot_new(struct snapshot **ret) {
        struct snapshot *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

static void entry_done(struct snapshot_entry *e) {
        if (e->borrowed)
                return;
        free(e->path);
        free(e->value);
}

static void mount_done(struct snapshot_mount *m) {
        free(m->where);
        free(m->type);
        free(m->source);
}

static void strings_free(char **strings, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(strings[i]);
        free(strings);
}

void snapshot_free(struct snapshot *s) {
        if (!s)
                return;
        if (s->borrowers > 0) {
                s->borrowers--; /* the last one to go frees it */
                return;
        }
        snapshot_forget_entries(s, 0);
        snapshot_free(s->lender);
        free(s->entries);
        for (size_t i = 0; i < s->n_mounts; i++)
                mount_done(&s->mounts[i]);
        free(s->mounts);
        cpuid_table_done(&s->cpuid);
        free(s->channels);
        strings_free(s->kmsg, s->n_kmsg);
        strings_free(s->swaps, s->n_swaps);
        strings_free(s->netlink, s->n_netlink);
        free(s->probe_note);
        free(s);
}

/*
 * Room for one more in an array that grows by doubling: its capacity is the next power of two. NULL: no
 * memory.
 */
static void *grow(void *array, size_t n, size_t size) {
        if ((n & (n - 1)) != 0)
                return array;
        return reallocarray(array, n ? n * 2 : 1, size);
}

/* Takes over e, also when it fails. */
static int add_entry(struct snapshot *s, struct snapshot_entry e) {
        struct snapshot_entry *bigger = NULL;

        if (e.path && (e.value || e.kind == SNAPSHOT_ERROR || e.kind == SNAPSHOT_DIR))
                bigger = grow(s->entries, s->n_entries, sizeof(*bigger));
        if (!bigger) {
                entry_done(&e);
                return -ENOMEM;
        }
        s->entries = bigger;
        s->entries[s->n_entries++] = e;
        return 0;
}

/* A copy with a NUL behind. */
static char *copy_bytes(const void *bytes, size_t n) {
        char *copy = malloc(n + 1);

        if (!copy)
                return NULL;
        if (n > 0)
                memcpy(copy, bytes, n);
        copy[n] = 0;
        return copy;
}

int snapshot_add_file(struct snapshot *s, const char *path, unsigned mode, const void *bytes, size_t n) {
        return add_entry(s,
                (struct snapshot_entry){
                        .kind = SNAPSHOT_FILE,
                        .path = strdup(path),
                        .mode = mode,
                        .value = copy_bytes(bytes, n),
                        .size = n,
                });
}

int snapshot_add_error(struct snapshot *s, const char *path, int error) {
        return add_entry(s,
                (struct snapshot_entry){ .kind = SNAPSHOT_ERROR,
                        .path = strdup(path),
                        .error = error < 0 ? -error : error });
}

int snapshot_add_dir(struct snapshot *s, const char *path) {
        return add_entry(s, (struct snapshot_entry){ .kind = SNAPSHOT_DIR, .path = strdup(path) });
}

int snapshot_add_symlink(struct snapshot *s, const char *path, const char *target) {
        return add_entry(s,
                (struct snapshot_entry){
                        .kind = SNAPSHOT_SYMLINK,
                        .path = strdup(path),
                        .value = strdup(target),
                        .size = strlen(target),
                });
}

int snapshot_borrow_entry(struct snapshot *s, struct snapshot *lender, const struct snapshot_entry *e) {
        struct snapshot_entry borrowed = *e;

        if (!s->lender) {
                s->lender = lender;
                lender->borrowers++;
        }
        borrowed.borrowed = true;
        return add_entry(s, borrowed);
}

void snapshot_forget_entries(struct snapshot *s, size_t n) {
        while (s->n_entries > n)
                entry_done(&s->entries[--s->n_entries]);
}

int snapshot_add_channel(struct snapshot *s, const struct snapshot_channel *c) {
        struct snapshot_channel *bigger = grow(s->channels, s->n_channels, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        s->channels = bigger;
        s->channels[s->n_channels++] = *c;
        return 0;
}

static int add_string(char ***strings, size_t *n, const char *string) {
        char **bigger = grow(*strings, *n, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        *strings = bigger;
        bigger[*n] = strdup(string);
        if (!bigger[*n])
                return -ENOMEM;
        (*n)++;
        return 0;
}

int snapshot_add_kmsg(struct snapshot *s, const char *line) {
        return add_string(&s->kmsg, &s->n_kmsg, line);
}

int snapshot_add_swap(struct snapshot *s, const char *file) {
        return add_string(&s->swaps, &s->n_swaps, file);
}

int snapshot_add_netlink(struct snapshot *s, const char *line) {
        return add_string(&s->netlink, &s->n_netlink, line);
}

int snapshot_add_mount(struct snapshot *s, const struct snapshot_mount *m) {
        _cleanup_(mount_done) struct snapshot_mount copy = {
                .major = m->major,
                .minor = m->minor,
                .where = strdup(m->where),
                .type = strdup(m->type),
                .source = m->source ? strdup(m->source) : NULL,
        };
        struct snapshot_mount *bigger;

        if (!copy.where || !copy.type || (m->source && !copy.source))
                return -ENOMEM;
        bigger = grow(s->mounts, s->n_mounts, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        s->mounts = bigger;
        s->mounts[s->n_mounts++] = copy;
        copy = (struct snapshot_mount){};
        return 0;
}

int snapshot_set_probe_note(struct snapshot *s, const char *note) {
        char *copy = NULL;

        if (note && *note) {
                copy = strdup(note);
                if (!copy)
                        return -ENOMEM;
        }
        free(s->probe_note);
        s->probe_note = copy;
        return 0;
}

static int compare_entries(const void *a, const void *b) {
        return strcmp(((const struct snapshot_entry *)a)->path, ((const struct snapshot_entry *)b)->path);
}

static int compare_channels(const void *a, const void *b) {
        uint32_t x = ((const struct snapshot_channel *)a)->relid,
                 y = ((const struct snapshot_channel *)b)->relid;

        return (x > y) - (x < y);
}

/* "a/b/c": relative, and no component that is empty, "." or "..". */
static bool path_is_plain(const char *path) {
        for (;;) {
                size_t n = strcspn(path, "/");

                if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
                        return false;
                if (!path[n])
                        return true;
                path += n + 1;
        }
}

/* The first entry whose path is not before this one. */
static size_t lower_bound(const struct snapshot *s, const char *path) {
        size_t low = 0, high = s->n_entries;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(s->entries[middle].path, path) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Whether something above this path was recorded as a thing that cannot have anything below it. */
static int check_ancestors(const struct snapshot *s, const char *path, struct diag *d) {
        _cleanup_(freep) char *above = strdup(path);
        char *slash;

        if (!above)
                return -ENOMEM;
        while ((slash = strrchr(above, '/'))) {
                const struct snapshot_entry *e;

                *slash = 0;
                e = snapshot_find(s, above);
                if (e && e->kind == SNAPSHOT_DIR)
                        return 0; /* its own ancestors are checked with it */
                if (e)
                        return diag_fail(d, -EBADMSG, "%s lies below %s, which is no folder", path, above);
        }
        return 0;
}

/* Where there is a lender: whether something that it has lies below this one, which it does not have. */
static int check_below(const struct snapshot *s, const struct snapshot_entry *e, struct diag *d) {
        _cleanup_(freep) char *prefix = NULL;
        size_t i;

        if (e->kind == SNAPSHOT_DIR || !s->lender)
                return 0;
        prefix = path_join(e->path, "");
        if (!prefix)
                return -ENOMEM;
        i = lower_bound(s, prefix);
        if (i < s->n_entries && strncmp(s->entries[i].path, prefix, strlen(prefix)) == 0)
                return diag_fail(d, -EBADMSG, "%s lies below %s, which is no folder", s->entries[i].path,
                        e->path);
        return 0;
}

static size_t folder_length(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? (size_t)(slash - path) : 0;
}

/* Beside one that was checked nothing is to be checked again: most entries lie beside another. */
static bool same_folder(const char *a, const char *b) {
        size_t n = folder_length(a);

        return n == folder_length(b) && memcmp(a, b, n) == 0;
}

static int check_entries(const struct snapshot *s, struct diag *d) {
        for (size_t i = 0; i < s->n_entries; i++) {
                const char *path = s->entries[i].path, *before = i > 0 ? s->entries[i - 1].path : NULL;
                int r;

                if (before && strcmp(before, path) == 0)
                        return diag_fail(d, -EEXIST, "%s is there twice", path);
                if (s->entries[i].borrowed)
                        continue; /* its lender was checked */
                if (!path_is_plain(path))
                        return diag_fail(d, -EBADMSG,
                                "path \"%s\": must be relative, without empty, \".\" or \"..\" components",
                                path);
                r = before && same_folder(before, path) ? 0 : check_ancestors(s, path, d);
                if (r == 0)
                        r = check_below(s, &s->entries[i], d);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Where the last entries begin that are in order: those of another snapshot, on top of which this one is. */
static size_t ordered_from(const struct snapshot *s) {
        size_t i = s->n_entries;

        while (i > 1 && compare_entries(&s->entries[i - 2], &s->entries[i - 1]) <= 0)
                i--;
        return i > 0 ? i - 1 : 0;
}

/* Sorts what is before the last entries that are in order, and merges both. */
static int sort_entries(struct snapshot *s) {
        size_t n_head = ordered_from(s), head = 0, tail = n_head, at = 0;
        _cleanup_(freep) struct snapshot_entry *heads = NULL;

        if (n_head == 0)
                return 0;
        heads = reallocarray(NULL, n_head, sizeof(*heads));
        if (!heads)
                return -ENOMEM;
        qsort(s->entries, n_head, sizeof(*s->entries), compare_entries);
        memcpy(heads, s->entries, n_head * sizeof(*heads));
        while (head < n_head)
                s->entries[at++] =
                        tail == s->n_entries || compare_entries(&heads[head], &s->entries[tail]) <= 0
                        ? heads[head++]
                        : s->entries[tail++];
        return 0;
}

int snapshot_seal(struct snapshot *s, struct diag *d) {
        int r = sort_entries(s);

        if (r < 0)
                return diag_errno(d, r, "cannot sort what was read");
        if (s->n_channels > 0)
                qsort(s->channels, s->n_channels, sizeof(*s->channels), compare_channels);
        for (size_t i = 1; i < s->n_channels; i++)
                if (s->channels[i - 1].relid == s->channels[i].relid)
                        return diag_fail(d, -EEXIST, "channel %u is there twice", s->channels[i].relid);
        return check_entries(s, d);
}

const struct snapshot_entry *snapshot_find(const struct snapshot *s, const char *path) {
        size_t i = lower_bound(s, path);

        return i < s->n_entries && strcmp(s->entries[i].path, path) == 0 ? &s->entries[i] : NULL;
}

/* Whether there is an entry whose path is the first n characters of this one. -ENOMEM. */
static int has_entry(const struct snapshot *s, const char *path, size_t n) {
        _cleanup_(freep) char *above = strndup(path, n);

        return above ? snapshot_find(s, above) != NULL : -ENOMEM;
}

const char *snapshot_text(const struct snapshot *s, const char *path, size_t *ret_n) {
        const struct snapshot_entry *e = snapshot_find(s, path);
        size_t n;

        if (!e || e->kind != SNAPSHOT_FILE || memchr(e->value, 0, e->size))
                return NULL;
        n = e->size;
        if (n > 0 && e->value[n - 1] == '\n')
                n--;
        *ret_n = n;
        return e->value;
}

int snapshot_each_child(const struct snapshot *s, const char *folder,
        int (*f)(const char *name, const struct snapshot_entry *e, void *data), void *data) {
        _cleanup_(freep) char *prefix = path_join(folder, ""), *name = NULL;
        size_t n = strlen(folder) + 1, known = 0;
        int r;

        if (!prefix)
                return -ENOMEM;
        for (size_t i = lower_bound(s, prefix); i < s->n_entries; i++) {
                const struct snapshot_entry *e = &s->entries[i];
                const char *below = e->path + n;
                size_t length;
                bool deeper;

                if (strncmp(e->path, prefix, n) != 0)
                        break;
                length = strcspn(below, "/");
                deeper = below[length];
                if (deeper && name && length == known && memcmp(name, below, length) == 0)
                        continue; /* called back for with the entry before this one */
                free(name);
                name = strndup(below, length);
                if (!name)
                        return -ENOMEM;
                known = length;
                r = deeper ? has_entry(s, e->path, n + length) : 0;
                if (r == 0)
                        r = f(name, deeper ? NULL : e, data);
                else if (r > 0)
                        r = 0; /* called back for with that one, and others are in between */
                if (r != 0)
                        return r;
        }
        return 0;
}
