/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that have just come, on top of what was recorded before: the short way to a first judgement of
 * them. It takes nothing for granted that could have changed with them, and gives up where a whole snapshot
 * could say something else.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/snapshot-record-private.h"
#include "lib/facts/snapshot-record.h"

struct arrivals {
        char (*names)[GUID_TEXT_SIZE];
        size_t n;
};

/* Whether path is of one of them: an instance is in no other path. */
static bool is_of(const struct arrivals *a, const char *path) {
        for (size_t i = 0; i < a->n; i++)
                if (strstr(path, a->names[i]))
                        return true;
        return false;
}

/* A device that was there without its channels had not arrived yet: that much of it may be forgotten. */
static int borrow_entries(struct snapshot *to, struct snapshot *from, const struct arrivals *a) {
        int r = 0;

        for (size_t i = 0; i < from->n_entries && r == 0; i++) {
                const struct snapshot_entry *e = &from->entries[i];

                if (!is_of(a, e->path))
                        r = snapshot_borrow_entry(to, from, e);
                else if (strstr(e->path, "/channels/"))
                        r = -EAGAIN;
        }
        return r;
}

static int copy_rest(struct snapshot *to, const struct snapshot *from) {
        int r = 0;

        for (size_t i = 0; i < from->cpuid.n && r == 0; i++)
                r = cpuid_table_add(&to->cpuid, &from->cpuid.leaves[i]);
        to->cpuid_recorded = from->cpuid_recorded;
        to->root_awaited = from->root_awaited;
        for (size_t i = 0; i < from->n_kmsg && r == 0; i++)
                r = snapshot_add_kmsg(to, from->kmsg[i]);
        return r;
}

static int copy_mounts(struct snapshot *to, const struct snapshot *from) {
        int r = 0;

        for (size_t i = 0; i < from->n_mounts && r == 0; i++)
                r = snapshot_add_mount(to, &from->mounts[i]);
        for (size_t i = 0; i < from->n_swaps && r == 0; i++)
                r = snapshot_add_swap(to, from->swaps[i]);
        return r;
}

static const struct snapshot_channel *find_channel(const struct snapshot *s, size_t n, uint32_t relid) {
        for (size_t i = 0; i < n; i++)
                if (s->channels[i].relid == relid)
                        return &s->channels[i];
        return NULL;
}

static bool is_alike(const struct snapshot_channel *a, const struct snapshot_channel *b) {
        return a->flags == b->flags && a->ring == b->ring && a->dma == b->dma;
}

/*
 * Those of the others. A relid of which the probe says something else now has another channel: whose it was
 * must not be judged by that.
 */
static int copy_channels(struct snapshot *to, const struct snapshot *from) {
        size_t fresh = to->n_channels;
        int r = 0;

        for (size_t i = 0; i < from->n_channels && r == 0; i++) {
                const struct snapshot_channel *c = find_channel(to, fresh, from->channels[i].relid);

                if (!c)
                        r = snapshot_add_channel(to, &from->channels[i]);
                else if (!is_alike(c, &from->channels[i]))
                        r = -EAGAIN;
        }
        return r;
}

/* Each channel that was recorded has been seen by the probe. */
static int check_channels(const struct snapshot *s, const struct arrivals *a) {
        for (size_t i = 0; i < s->n_entries; i++) {
                const struct snapshot_entry *e = &s->entries[i];
                const char *name = strrchr(e->path, '/');
                unsigned relid;

                if (e->kind != SNAPSHOT_DIR || !name || !is_of(a, e->path) || !strstr(e->path, "/channels/"))
                        continue;
                if (sscanf(name, "/%u", &relid) != 1 || !find_channel(s, s->n_channels, relid))
                        return -EAGAIN;
        }
        return 0;
}

static int record_probed(struct recorder *rec, const struct arrivals *a, struct diag *d) {
        struct channel_probe *probe = rec->options->probe;
        int r = 0;

        if (!probe || !channel_probe_begin_quickly(probe))
                return -EAGAIN;
        for (size_t i = 0; i < a->n && r == 0; i++)
                r = record_device(rec, a->names[i]);
        if (r == 0)
                r = channel_probe_end(probe, rec->snapshot, d);
        if (r == 0)
                r = check_channels(rec->snapshot, a);
        return r < 0 ? r : snapshot_set_probe_note(rec->snapshot, channel_probe_note(probe));
}

int snapshot_record_arrivals(struct sysroot *root, const struct snapshot_record_options *o,
        struct snapshot *before, const struct guid *instances, size_t n, struct snapshot **ret,
        struct diag *d) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(freep) char(*names)[GUID_TEXT_SIZE] = calloc(n + 1, sizeof(*names));
        struct arrivals a = { .names = names, .n = n };
        struct recorder rec = { .root = root, .options = o };
        int r = names ? snapshot_new(&s) : -ENOMEM;

        if (r == 0 && before->lender)
                r = -EAGAIN; /* one on top of the other, none could ever be freed */
        if (r < 0)
                return diag_errno(d, r, "cannot record what has come");
        for (size_t i = 0; i < n; i++)
                guid_format(&instances[i], names[i]);
        rec.snapshot = s;
        r = record_probed(&rec, &a, d); /* first: a stale connection is no match for what was seen now */
        if (r == 0)
                r = o->mounts_hold ? copy_mounts(s, before) : record_mounts_again(&rec, before);
        if (r == 0)
                r = borrow_entries(s, before, &a);
        if (r == 0)
                r = copy_rest(s, before);
        if (r == 0)
                r = copy_channels(s, before);
        if (r == 0)
                r = record_network(&rec);
        if (r == 0)
                r = snapshot_seal(s, d);
        if (r < 0)
                return diag_errno(d, r, "cannot record what has come");
        *ret = TAKE(s);
        return 0;
}
