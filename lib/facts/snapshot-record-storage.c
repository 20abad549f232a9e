/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is mounted and swapped to, and the way down from there through sysfs: enough to find the device it
 * all hangs on.
 */
#include <errno.h>
#include <string.h>

#include "lib/facts/link-path.h"
#include "lib/facts/snapshot-record-private.h"

#define TABLE_MAX (16 * 1024 * 1024) /* of a table in /proc */
#define DEPTH_MAX 16                 /* of block devices on block devices */

/* Undoes the \040 of /proc's tables, in place. */
static void undo_octal(char *text) {
        char *out = text;

        for (const char *c = text; *c; c++) {
                if (c[0] == '\\' && c[1] >= '0' && c[1] <= '3' && c[2] >= '0' && c[2] <= '7' &&
                        c[3] >= '0' && c[3] <= '7') {
                        *out++ = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
                        c += 3;
                } else
                        *out++ = *c;
        }
        *out = 0;
}

/* "36 35 98:0 /sub /where rw,noatime shared:1 - ext4 /dev/sda1 rw", proc_pid_mountinfo(5). */
static int take_mount(struct recorder *rec, char *line) {
        char *fields[5], *type, *source, *separator = strstr(line, " - "), *rest = line;
        struct snapshot_mount m = {};

        if (!separator)
                return 0;
        *separator = 0;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
                if (!(fields[i] = strsep(&rest, " ")))
                        return 0;
        rest = separator + strlen(" - ");
        type = strsep(&rest, " ");
        source = strsep(&rest, " ");
        if (!source || sscanf(fields[2], "%u:%u", &m.major, &m.minor) != 2)
                return 0;
        undo_octal(fields[4]);
        undo_octal(type);
        undo_octal(source);
        m.where = fields[4];
        m.type = type;
        if (strncmp(source, "/dev/", strlen("/dev/")) == 0)
                m.source = source;
        if (!*m.where || !*m.type || (m.major == 0 && !m.source))
                return 0; /* proc, tmpfs and their like */
        return snapshot_add_mount(rec->snapshot, &m);
}

/* "Filename Type Size Used Priority" is the first line; the others start with the file. */
static int take_swap(struct recorder *rec, char *line) {
        char *end = strpbrk(line, " \t");

        if (line[0] != '/' || !end)
                return 0;
        *end = 0;
        undo_octal(line);
        return snapshot_add_swap(rec->snapshot, line);
}

/* Hands every line of a table to take; 0 also when it cannot be read, with an entry that says so. */
static int record_table(struct recorder *rec, const char *path,
        int (*take)(struct recorder *rec, char *line)) {
        _cleanup_(freep) char *text = NULL;
        char *line, *rest;
        int r = sysroot_read(rec->root, path, TABLE_MAX, &text, NULL);

        if (r == -ENOENT)
                return r;
        if (r < 0)
                return r == -ENOMEM ? r : snapshot_add_error(rec->snapshot, path, r);
        rest = text;
        while ((line = strsep(&rest, "\n")) && r == 0)
                r = take(rec, line);
        return r;
}

static int record_once(struct recorder *rec, size_t first, const char *path) {
        return record_find(rec, first, path) ? 0 : record_file(rec, path);
}

static int record_block(struct recorder *rec, size_t first, const char *path, unsigned depth);

/* Follows a link to a block device; one that was recorded already was followed already. */
static int record_block_link(struct recorder *rec, size_t first, const char *link, unsigned depth) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (record_find(rec, first, link))
                return 0;
        r = record_link(rec, link, &path);
        return r < 0 || !path ? r : record_block(rec, first, path, depth);
}

/* The links in a folder whose names begin so. */
static int record_block_links(struct recorder *rec, size_t first, const char *folder, const char *beginning,
        unsigned depth) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(rec->root, folder, &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *link = NULL;

                if (strncmp(names.names[i], beginning, strlen(beginning)) != 0)
                        continue;
                link = path_join(folder, names.names[i]);
                if (!link)
                        return -ENOMEM;
                r = record_block_link(rec, first, link, depth);
        }
        return r;
}

/* The controllers of a multipath NVMe disk are links beside it, in the folder of the subsystem. */
static int record_nvme_paths(struct recorder *rec, size_t first, const char *path, unsigned depth) {
        _cleanup_(freep) char *subsystem = NULL;
        int r = path_step_below(path, "sys/devices/virtual/nvme-subsystem", &subsystem);

        return r < 0 || !subsystem ? r : record_block_links(rec, first, subsystem, "nvme", depth);
}

/* bcache: a disk names the set that caches it, and the set has links to its members. */
static int record_cache(struct recorder *rec, size_t first, const char *path, unsigned depth) {
        _cleanup_(freep) char *link = NULL, *set = NULL;
        int r;

        link = path_join(path, "bcache/cache");
        if (!link)
                return -ENOMEM;
        if (record_find(rec, first, link))
                return 0;
        r = record_link(rec, link, &set);
        return r < 0 || !set ? r : record_block_links(rec, first, set, "cache", depth);
}

/*
 * What a block device says about what it sits on: slaves of dm and md, the file of a loop device, the name
 * of a mapping.
 */
static int record_block(struct recorder *rec, size_t first, const char *path, unsigned depth) {
        static const char *const attributes[] = { "dm/name", "loop/backing_file" };
        _cleanup_(freep) char *slaves = NULL;
        int r = 0;

        if (depth == 0)
                return 0;
        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && r == 0; i++) {
                _cleanup_(freep) char *attribute = NULL;

                attribute = path_join(path, attributes[i]);
                if (!attribute)
                        return -ENOMEM;
                r = record_once(rec, first, attribute);
        }
        slaves = path_join(path, "slaves");
        if (!slaves)
                return -ENOMEM;
        if (r == 0)
                r = record_block_links(rec, first, slaves, "", depth - 1);
        if (r == 0)
                r = record_cache(rec, first, path, depth - 1);
        if (r == 0)
                r = record_nvme_paths(rec, first, path, depth - 1);
        return r;
}

/* A path below /dev: by its name, or as one of the mappings, whose names only they themselves know. */
static int record_node(struct recorder *rec, size_t first, const char *node) {
        static const char dev[] = "/dev/", mapper[] = "/dev/mapper/";
        _cleanup_(freep) char *link = NULL;

        if (strncmp(node, mapper, strlen(mapper)) == 0)
                return record_block_links(rec, first, "sys/class/block", "dm-", DEPTH_MAX);
        if (strncmp(node, dev, strlen(dev)) != 0 || strchr(node + strlen(dev), '/'))
                return 0;
        if (asprintf(&link, "sys/class/block/%s", node + strlen(dev)) < 0)
                return -ENOMEM;
        return record_block_link(rec, first, link, DEPTH_MAX);
}

static int record_mount(struct recorder *rec, size_t first, const struct snapshot_mount *m) {
        _cleanup_(freep) char *link = NULL;

        if (m->major == 0)
                return record_node(rec, first, m->source);
        if (asprintf(&link, "sys/dev/block/%u:%u", m->major, m->minor) < 0)
                return -ENOMEM;
        return record_block_link(rec, first, link, DEPTH_MAX);
}

static int record_tables(struct recorder *rec) {
        int r;

        /* those of PID 1: a sandboxed daemon has mounts of its own over the machine's */
        r = record_table(rec, "proc/1/mountinfo", take_mount);
        if (r == -ENOENT)
                r = record_table(rec, "proc/self/mountinfo", take_mount);
        if (r == 0 || r == -ENOENT)
                r = record_table(rec, "proc/swaps", take_swap);
        return r == -ENOENT ? 0 : r;
}

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_mount(const struct snapshot_mount *a, const struct snapshot_mount *b) {
        return a->major == b->major && a->minor == b->minor && same_text(a->where, b->where) &&
                same_text(a->type, b->type) && same_text(a->source, b->source);
}

int record_mounts_again(struct recorder *rec, const struct snapshot *before) {
        const struct snapshot *now = rec->snapshot;
        size_t entries = now->n_entries;
        int r = record_tables(rec);

        if (r < 0)
                return r;
        if (now->n_entries != entries || now->n_mounts != before->n_mounts ||
                now->n_swaps != before->n_swaps)
                return -EAGAIN; /* an entry: a table that could not be read */
        for (size_t i = 0; i < now->n_mounts; i++)
                if (!same_mount(&now->mounts[i], &before->mounts[i]))
                        return -EAGAIN;
        for (size_t i = 0; i < now->n_swaps; i++)
                if (!same_text(now->swaps[i], before->swaps[i]))
                        return -EAGAIN;
        return 0;
}

int record_storage(struct recorder *rec) {
        size_t first = rec->snapshot->n_entries;
        int r = record_tables(rec);

        for (size_t i = 0; i < rec->snapshot->n_mounts && r == 0; i++)
                r = record_mount(rec, first, &rec->snapshot->mounts[i]);
        for (size_t i = 0; i < rec->snapshot->n_swaps && r == 0; i++)
                r = record_node(rec, first, rec->snapshot->swaps[i]);
        return r;
}
