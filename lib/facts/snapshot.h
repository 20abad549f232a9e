/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Everything known at one instant, raw: what was read, byte for byte, and what could not be read. Nothing in
 * it is interpreted; guest_eval() does that, the same way for a live guest, a recorded one and a test's.
 *
 * Built by snapshot_record() (live), snapshot_parse() (text) or the _add functions, then sealed: sorted,
 * checked and immutable from there on.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/diag.h"
#include "lib/facts/cpuid.h"
#include "lib/facts/fact.h"

enum snapshot_kind { SNAPSHOT_FILE = 1, SNAPSHOT_ERROR, SNAPSHOT_DIR, SNAPSHOT_SYMLINK };

struct snapshot_entry {
        enum snapshot_kind kind;
        char *path;    /* relative to the sysroot, "sys/bus/vmbus/..." */
        unsigned mode; /* FILE: permission bits */
        int error;     /* ERROR: what reading it gave, positive */
        char *value;   /* FILE: the bytes, with a NUL behind; SYMLINK: the target as written */
        size_t size;   /* FILE: how many */
};

/* One channel as a probe saw it. */
struct snapshot_channel {
        uint32_t relid;
        int32_t flags;           /* chn_flags of the offer, -1 when not known */
        enum tristate ring, dma; /* co_ring_buffer, co_external_memory */
        enum fact_source source;
};

/* The negotiated connection, as far as it is known beyond the kernel log. */
struct snapshot_connection {
        uint32_t version;             /* major << 16 | minor; 0 when not known */
        enum tristate confidential;   /* is_confidential */
        enum tristate kernel_support; /* NO: no co_ members in the BTF of this kernel */
};

struct snapshot {
        struct snapshot_entry *entries; /* sorted by path, no path twice */
        size_t n_entries;
        struct cpuid_table cpuid;
        bool cpuid_recorded;               /* from a file given to cvmd, not from the processor */
        struct snapshot_channel *channels; /* sorted by relid */
        size_t n_channels;
        struct snapshot_connection connection;
        char **kmsg; /* relevant lines of the kernel log, oldest first */
        size_t n_kmsg;
        char *probe_note; /* why channels are not known better, NULL when nothing is to be said */
};

int snapshot_new(struct snapshot **ret);
void snapshot_free(struct snapshot *s);
DEFINE_FREEP(struct snapshot, snapshot_free)

/* The _add functions copy what they are given. -ENOMEM. */
int snapshot_add_file(struct snapshot *s, const char *path, unsigned mode, const void *bytes, size_t n);
int snapshot_add_error(struct snapshot *s, const char *path, int error);
int snapshot_add_dir(struct snapshot *s, const char *path);
int snapshot_add_symlink(struct snapshot *s, const char *path, const char *target);
int snapshot_add_channel(struct snapshot *s, const struct snapshot_channel *c);
int snapshot_add_kmsg(struct snapshot *s, const char *line);

/* Sorts; -EEXIST with a diag for a path or relid that is there twice. */
int snapshot_seal(struct snapshot *s, struct diag *d);

/* Of a sealed snapshot; NULL when there is no such path. Borrowed. */
const struct snapshot_entry *snapshot_find(const struct snapshot *s, const char *path);

/* The text of a file without its final newline; NULL when there is none, or it holds a NUL. Borrowed from
 * *ret_n on. */
const char *snapshot_text(const struct snapshot *s, const char *path, size_t *ret_n);

/* The entries directly below a folder: calls back in order with the last component; stops at the first
 * result not 0. */
int snapshot_each_child(const struct snapshot *s, const char *folder,
        int (*f)(const char *name, const struct snapshot_entry *e, void *data), void *data);
