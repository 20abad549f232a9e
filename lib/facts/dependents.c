/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what is in use down to the device that it hangs on. Everything is found in the snapshot by the paths
 * of sysfs: a disk lies below its controller, and so below the VMBus device, whose folder is a prefix of its
 * path.
 */
#include "lib/facts/dependents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/dependents-private.h"
#include "lib/facts/link-path.h"

#define DEPTH_MAX 16 /* of block devices on block devices */

/* What is being followed, and for whom. */
struct chase {
        const struct snapshot *snapshot;
        struct guest *guest;
        enum dependent_kind kind;
        const char *name;
        unsigned depth;
        char **visited; /* paths: a device is asked once, however many ways lead to it */
        size_t n_visited;
        bool reached; /* the end of a way: a device that sits on no other */
};

static void chase_done(struct chase *c) {
        for (size_t i = 0; i < c->n_visited; i++)
                free(c->visited[i]);
        free(c->visited);
}

/* Whether two dependents are one; mounts and the like may reach the same device in several ways. */
static bool is_same(const struct dependent *d, enum dependent_kind kind, const char *name,
        const char *through) {
        bool many_ways = kind == DEPENDENT_MOUNT || kind == DEPENDENT_SWAP || kind == DEPENDENT_NETWORK;

        return d->kind == kind && strcmp(d->name, name) == 0 &&
                (many_ways || strcmp(d->through ?: "", through ?: "") == 0);
}

/* -EEXIST when we were there before. */
static int visit(struct chase *c, const char *path) {
        char **bigger;

        for (size_t i = 0; i < c->n_visited; i++)
                if (strcmp(c->visited[i], path) == 0)
                        return -EEXIST;
        bigger = reallocarray(c->visited, c->n_visited + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        c->visited = bigger;
        bigger[c->n_visited] = strdup(path);
        if (!bigger[c->n_visited])
                return -ENOMEM;
        c->n_visited++;
        return 0;
}

int dependent_add(struct device *d, enum dependent_kind kind, const char *name, const char *through) {
        struct dependent *bigger;

        for (size_t i = 0; i < d->n_dependents; i++)
                if (is_same(&d->dependents[i], kind, name, through))
                        return 0;
        bigger = reallocarray(d->dependents, d->n_dependents + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        d->dependents = bigger;
        bigger[d->n_dependents] = (struct dependent){
                .kind = kind,
                .name = strdup(name),
                .through = through ? strdup(through) : NULL,
        };
        d->n_dependents++;
        return bigger[d->n_dependents - 1].name && (!through || bigger[d->n_dependents - 1].through)
                ? 0
                : -ENOMEM;
}

static int chase_path(struct chase *c, const char *path);
static int chase_file(struct chase *c, const char *file);

static int chase_link(struct chase *c, const char *link) {
        const struct snapshot_entry *e = snapshot_find(c->snapshot, link);
        _cleanup_(freep) char *path = NULL;
        int r;

        if (!e || e->kind != SNAPSHOT_SYMLINK)
                return 0;
        r = link_resolve(link, e->value, &path);
        if (r < 0)
                return r;
        if (strcmp(path_name(path), "bcache") == 0)
                path[strlen(path) - strlen("/bcache")] = 0; /* the disk that is a member of a cache set */
        return chase_path(c, path);
}

struct links {
        struct chase *chase;
        const char *folder;
        const char *beginning;
};

static int chase_child(const char *name, const struct snapshot_entry *e, void *data) {
        const struct links *in = data;
        _cleanup_(freep) char *link = NULL;

        if (strncmp(name, in->beginning, strlen(in->beginning)) != 0)
                return 0;
        link = path_join(in->folder, name);
        if (!link)
                return -ENOMEM;
        return chase_link(in->chase, link);
}

static int chase_links(struct chase *c, const char *folder, const char *beginning) {
        struct links in = { .chase = c, .folder = folder, .beginning = beginning };

        return snapshot_each_child(c->snapshot, folder, chase_child, &in);
}

/* dm and md: what they are made of. */
static int chase_slaves(struct chase *c, const char *path) {
        _cleanup_(freep) char *folder = NULL;

        folder = path_join(path, "slaves");
        if (!folder)
                return -ENOMEM;
        return chase_links(c, folder, "");
}

/*
 * bcache: the disk itself is a slave; the cache in front of it hangs on a set, which the disk names. Each
 * member of the set is a folder below its disk.
 */
static int chase_cache(struct chase *c, const char *path) {
        _cleanup_(freep) char *link = NULL, *set = NULL;
        const struct snapshot_entry *e;
        int r;

        link = path_join(path, "bcache/cache");
        if (!link)
                return -ENOMEM;
        e = snapshot_find(c->snapshot, link);
        if (!e || e->kind != SNAPSHOT_SYMLINK)
                return 0;
        r = link_resolve(link, e->value, &set);
        return r < 0 ? r : chase_links(c, set, "cache");
}

/* A loop device: the disk that its file lies on. */
static int chase_loop(struct chase *c, const char *path) {
        _cleanup_(freep) char *attribute = NULL, *file = NULL;
        const char *text;
        size_t n;

        attribute = path_join(path, "loop/backing_file");
        if (!attribute)
                return -ENOMEM;
        text = snapshot_text(c->snapshot, attribute, &n);
        if (!text)
                return 0;
        file = strndup(text, n);
        return file ? chase_file(c, file) : -ENOMEM;
}

/* A multipath NVMe disk: the controllers that lead to it. */
static int chase_nvme(struct chase *c, const char *path) {
        _cleanup_(freep) char *subsystem = NULL;
        int r = path_step_below(path, "sys/devices/virtual/nvme-subsystem", &subsystem);

        return r < 0 || !subsystem ? r : chase_links(c, subsystem, "nvme");
}

/* Whether a block device sits on others by its nature, so that it is not the end of the way. */
static bool is_layer(const char *path) {
        static const char *const beginnings[] = { "bcache", "dm-", "loop", "md", "nvme" };
        const char *name = path_name(path);

        if (!path_is_within(path, "sys/devices/virtual"))
                return false;
        for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
                if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
                        return true;
        return false;
}

/* A block device, or a controller, by its folder. */
static int chase_path(struct chase *c, const char *path) {
        int r;

        if (c->depth == DEPTH_MAX)
                return 0;
        r = visit(c, path);
        if (r < 0)
                return r == -EEXIST ? 0 : r;
        c->depth++;
        c->reached |= !is_layer(path);
        for (size_t i = 0; i < c->guest->n_devices && r == 0; i++)
                if (path_is_within(path, c->guest->devices[i].path))
                        r = dependent_add(&c->guest->devices[i], c->kind, c->name, path_name(path));
        if (r == 0)
                r = chase_slaves(c, path);
        if (r == 0)
                r = chase_cache(c, path);
        if (r == 0)
                r = chase_loop(c, path);
        if (r == 0)
                r = chase_nvme(c, path);
        c->depth--;
        return r;
}

struct mapping {
        const struct snapshot *snapshot;
        const char *name;
        char *found; /* the link in sys/class/block */
};

static int match_mapping(const char *name, const struct snapshot_entry *e, void *data) {
        struct mapping *m = data;
        _cleanup_(freep) char *link = NULL, *path = NULL, *attribute = NULL;
        const char *text;
        size_t n;

        if (!e || e->kind != SNAPSHOT_SYMLINK)
                return 0;
        if (asprintf(&link, "sys/class/block/%s", name) < 0 || link_resolve(link, e->value, &path) < 0 ||
                asprintf(&attribute, "%s/dm/name", path) < 0)
                return -ENOMEM;
        text = snapshot_text(m->snapshot, attribute, &n);
        if (!text || n != strlen(m->name) || memcmp(text, m->name, n) != 0)
                return 0;
        m->found = TAKE(link);
        return 1;
}

/* A path below /dev; any other source of a file system is no block device. */
static int chase_node(struct chase *c, const char *node) {
        static const char dev[] = "/dev/", mapper[] = "/dev/mapper/";
        _cleanup_(freep) char *link = NULL;
        int r;

        if (strncmp(node, mapper, strlen(mapper)) == 0) {
                struct mapping m = { .snapshot = c->snapshot, .name = node + strlen(mapper) };

                r = snapshot_each_child(c->snapshot, "sys/class/block", match_mapping, &m);
                link = m.found;
                return r < 0 || !link ? r : chase_link(c, link);
        }
        if (strncmp(node, dev, strlen(dev)) != 0)
                return 0;
        if (asprintf(&link, "sys/class/block/%s", node + strlen(dev)) < 0)
                return -ENOMEM;
        return chase_link(c, link);
}

static int chase_mount(struct chase *c, const struct snapshot_mount *m) {
        _cleanup_(freep) char *link = NULL;

        if (m->major == 0)
                return m->source ? chase_node(c, m->source) : 0;
        if (asprintf(&link, "sys/dev/block/%u:%u", m->major, m->minor) < 0)
                return -ENOMEM;
        return chase_link(c, link);
}

/* A file somewhere: on the mount whose point is the longest part of its path, the latest of those. */
static int chase_file(struct chase *c, const char *file) {
        const struct snapshot_mount *best = NULL;
        size_t length = 0;

        for (size_t i = 0; i < c->snapshot->n_mounts; i++) {
                const struct snapshot_mount *m = &c->snapshot->mounts[i];
                bool is_root = strcmp(m->where, "/") == 0;

                if ((is_root || path_is_within(file, m->where)) && strlen(m->where) >= length) {
                        best = m;
                        length = strlen(m->where);
                }
        }
        return best ? chase_mount(c, best) : 0;
}

/* Nobody can protect what hangs on no one knows what. */
static int warn_unless_reached(const struct chase *c) {
        if (c->reached)
                return 0;
        return guest_warn(c->guest,
                "%s %s: the device below it is not known, so that no policy can protect it",
                dependent_kind_to_string(c->kind), c->name);
}

static int eval_mount(const struct snapshot *s, struct guest *g, const struct snapshot_mount *m) {
        _cleanup_(chase_done) struct chase c = { .snapshot = s,
                .guest = g,
                .kind = DEPENDENT_MOUNT,
                .name = m->where };
        int r = chase_mount(&c, m);

        return r < 0 ? r : warn_unless_reached(&c);
}

static int eval_swap(const struct snapshot *s, struct guest *g, const char *file) {
        _cleanup_(chase_done) struct chase c = { .snapshot = s,
                .guest = g,
                .kind = DEPENDENT_SWAP,
                .name = file };
        bool is_node = strncmp(file, "/dev/", strlen("/dev/")) == 0;
        int r = is_node ? chase_node(&c, file) : chase_file(&c, file);

        return r < 0 ? r : warn_unless_reached(&c);
}

static bool is_error(const struct snapshot *s, const char *path) {
        const struct snapshot_entry *e = snapshot_find(s, path);

        return e && e->kind == SNAPSHOT_ERROR;
}

/* Without a table of mounts, any disk may be the one that all of it runs from. */
static void mark_doubtful(const struct snapshot *s, struct guest *g) {
        bool lacking = is_error(s, "proc/1/mountinfo") || is_error(s, "proc/self/mountinfo") ||
                is_error(s, "proc/swaps");

        for (size_t i = 0; i < g->n_devices; i++) {
                const char *driver = g->devices[i].driver ?: "";

                g->devices[i].storage_doubtful =
                        lacking && (strcmp(driver, "hv_storvsc") == 0 || strcmp(driver, "hv_pci") == 0);
        }
}

static int eval_storage(const struct snapshot *s, struct guest *g) {
        int r = 0;

        mark_doubtful(s, g);
        for (size_t i = 0; i < s->n_mounts && r == 0; i++)
                r = eval_mount(s, g, &s->mounts[i]);
        for (size_t i = 0; i < s->n_swaps && r == 0; i++)
                r = eval_swap(s, g, s->swaps[i]);
        return r;
}

static int await_root(struct guest *g) {
        static const char *const storage[] = { "scsi", "ide", "fc", "nd", "pci" };
        int r = 0;

        for (size_t i = 0; i < g->n_devices; i++)
                for (size_t j = 0; j < sizeof(storage) / sizeof(storage[0]) && r == 0; j++)
                        if (g->devices[i].known && strcmp(g->devices[i].known->name, storage[j]) == 0)
                                r = dependent_add(&g->devices[i], DEPENDENT_AWAITED, "/", NULL);
        return r;
}

int dependents_eval(const struct snapshot *s, struct guest *g) {
        int r = s->root_awaited ? await_root(g) : 0;

        if (r == 0)
                r = dependents_eval_pci(s, g);

        if (r == 0)
                r = dependents_eval_network(s, g);
        return r < 0 ? r : eval_storage(s, g);
}
