/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding things in a snapshot. Its entries are in order, so that what lies below a folder stands together;
 * who asks for much of one folder compares only what is behind its path, and makes no paths.
 */
#include <errno.h>
#include <string.h>

#include "lib/facts/snapshot.h"

struct snapshot_folder snapshot_root(const struct snapshot *s) {
        return (struct snapshot_folder){ .entries = s->entries, .n = s->n_entries };
}

/* How entry i stands to the n characters of path with that character behind them: as strcmp() says it. */
static int compare(const struct snapshot_folder *f, size_t i, const char *path, size_t n, char behind) {
        const char *of_entry = f->entries[i].path + f->skip;
        int order = strncmp(of_entry, path, n);

        return order != 0 ? order : (unsigned char)of_entry[n] - (unsigned char)behind;
}

/* The first entry that is not before that. */
static size_t lower_bound(const struct snapshot_folder *f, const char *path, size_t n, char behind) {
        size_t low = 0, high = f->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare(f, middle, path, n, behind) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

struct snapshot_folder snapshot_enter(const struct snapshot_folder *f, const char *path) {
        size_t n = strlen(path), first = lower_bound(f, path, n, '/');
        size_t end = lower_bound(f, path, n, '/' + 1); /* what lies below the folder is before that */

        return (struct snapshot_folder){
                .entries = end > first ? f->entries + first : NULL,
                .n = end - first,
                .skip = f->skip + n + 1,
        };
}

/* The entry whose path is the first n characters of this one. */
static const struct snapshot_entry *find(const struct snapshot_folder *f, const char *path, size_t n) {
        size_t i = lower_bound(f, path, n, 0);

        return i < f->n && compare(f, i, path, n, 0) == 0 ? &f->entries[i] : NULL;
}

const struct snapshot_entry *snapshot_find_in(const struct snapshot_folder *f, const char *path) {
        return find(f, path, strlen(path));
}

const struct snapshot_entry *snapshot_find(const struct snapshot *s, const char *path) {
        const struct snapshot_folder root = snapshot_root(s);

        return snapshot_find_in(&root, path);
}

const char *snapshot_entry_text(const struct snapshot_entry *e, size_t *ret_n) {
        size_t n;

        if (!e || e->kind != SNAPSHOT_FILE || memchr(e->value, 0, e->size))
                return NULL;
        n = e->size;
        if (n > 0 && e->value[n - 1] == '\n')
                n--;
        *ret_n = n;
        return e->value;
}

const char *snapshot_text(const struct snapshot *s, const char *path, size_t *ret_n) {
        return snapshot_entry_text(snapshot_find(s, path), ret_n);
}

/* Something that lies deeper stands for the folder on the way to it, which has no entry of its own. */
static int call_for_folder(const char *below, size_t length, snapshot_child *f, void *data) {
        _cleanup_(freep) char *name = strndup(below, length);

        return name ? f(name, NULL, data) : -ENOMEM;
}

int snapshot_each_in(const struct snapshot_folder *folder, snapshot_child *f, void *data) {
        const char *last = NULL;
        size_t known = 0;

        for (size_t i = 0; i < folder->n; i++) {
                const struct snapshot_entry *e = &folder->entries[i];
                const char *below = e->path + folder->skip;
                size_t length = strcspn(below, "/");
                bool deeper = below[length];
                int r = 0;

                if (deeper && last && length == known && memcmp(last, below, length) == 0)
                        continue; /* called back for with the entry before this one */
                last = below;
                known = length;
                if (!deeper)
                        r = f(below, e, data);
                else if (!find(folder, below,
                                 length)) /* else called back for with that, others in between */
                        r = call_for_folder(below, length, f, data);
                if (r != 0)
                        return r;
        }
        return 0;
}

int snapshot_each_child(const struct snapshot *s, const char *folder, snapshot_child *f, void *data) {
        const struct snapshot_folder root = snapshot_root(s), in = snapshot_enter(&root, folder);

        return snapshot_each_in(&in, f, data);
}
