/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closing a snapshot: everything in order, and nothing in it that contradicts something else. What is
 * borrowed from another one is in order and was checked there.
 */
#include <errno.h>
#include <string.h>

#include "lib/facts/snapshot.h"

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

struct below {
        const char *path;
        struct diag *diag;
};

static int refuse_child(const char *name, const struct snapshot_entry *e, void *data) {
        const struct below *b = data;

        return diag_fail(b->diag, -EBADMSG, "%s/%s lies below %s, which is no folder", b->path, name,
                b->path);
}

/* Where there is a lender: whether something that it has lies below this one, which it does not have. */
static int check_below(const struct snapshot *s, const struct snapshot_entry *e, struct diag *d) {
        struct below b = { e->path, d };

        return e->kind == SNAPSHOT_DIR || !s->lender ? 0 : snapshot_each_child(s, e->path, refuse_child, &b);
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
