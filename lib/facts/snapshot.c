/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of everything that was read, and how it grows. */
#include "lib/facts/snapshot.h"

#include <errno.h>
#include <string.h>

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
