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
        char *path;     /* relative to the sysroot, "sys/bus/vmbus/..." */
        unsigned mode;  /* FILE: permission bits */
        int error;      /* ERROR: what reading it gave, positive */
        char *value;    /* FILE: the bytes, with a NUL behind; SYMLINK: the target as written */
        size_t size;    /* FILE: how many */
        uint64_t inode; /* DIR of a device of this machine: the folder's number; 0: not known. In no file. */
        bool borrowed;  /* path and value are another snapshot's: see snapshot_borrow_entry() */
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

/* A mounted file system that sits on a block device, from mountinfo. */
struct snapshot_mount {
        uint32_t major, minor; /* major 0: none of its own (btrfs); then source says */
        char *where, *type;
        char *source; /* a path below /dev, NULL when not recorded */
};

struct snapshot {
        unsigned borrowers;             /* that are not freed yet: it stays for them */
        struct snapshot *lender;        /* whose strings the borrowed entries have, or NULL */
        struct snapshot_entry *entries; /* sorted by path, no path twice */
        size_t n_entries;
        struct cpuid_table cpuid;
        bool cpuid_recorded;               /* from a file given to cvmd, not from the processor */
        struct snapshot_channel *channels; /* sorted by relid */
        size_t n_channels;
        struct snapshot_connection connection;
        char **kmsg; /* relevant lines of the kernel log, oldest first */
        size_t n_kmsg;
        struct snapshot_mount *mounts; /* oldest first: a later one hides an earlier one */
        size_t n_mounts;
        char **swaps; /* the files of /proc/swaps: devices and files, as they are written there */
        size_t n_swaps;
        char **netlink; /* netlink-link and netlink-route lines, as they are in the text */
        size_t n_netlink;
        bool root_awaited; /* the system is not mounted yet; true of a running initrd alone, not in the text
                            */
        char *probe_note;  /* why channels are not known better, NULL when nothing is to be said */
};

/* Where the netlink lines are when a snapshot is laid out as files. */
#define SNAPSHOT_NETWORK_FILE "netlink"

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
int snapshot_add_mount(struct snapshot *s, const struct snapshot_mount *m);
int snapshot_add_swap(struct snapshot *s, const char *file);
int snapshot_add_netlink(struct snapshot *s, const char *line);
int snapshot_set_probe_note(struct snapshot *s, const char *note); /* "" or NULL: nothing */

/*
 * Adds an entry of a sealed snapshot without copying it: its strings stay the lender's, which is there until
 * s is freed, too. One lender a snapshot.
 */
int snapshot_borrow_entry(struct snapshot *s, struct snapshot *lender, const struct snapshot_entry *e);

/* Takes back every entry but the first n, of a snapshot that is not sealed. */
void snapshot_forget_entries(struct snapshot *s, size_t n);

/*
 * Sorts; -EEXIST with a diag for a path or relid that is there twice, -EBADMSG for a path that is not
 * relative or has empty, "." or ".." components, or that lies below something that is no folder.
 */
int snapshot_seal(struct snapshot *s, struct diag *d);

/* Of a sealed snapshot; NULL when there is no such path. Borrowed. */
const struct snapshot_entry *snapshot_find(const struct snapshot *s, const char *path);

/* The text of a file without its final newline; NULL when there is none, or it holds a NUL. Borrowed. */
const char *snapshot_text(const struct snapshot *s, const char *path, size_t *ret_n);
const char *snapshot_entry_text(const struct snapshot_entry *e, size_t *ret_n); /* e NULL: no file */

/*
 * What is directly below a folder, whether or not the folder has an entry of its own: calls back once for
 * each name, e NULL where only something further below was recorded; stops at the first result not 0 and
 * returns it.
 */
typedef int snapshot_child(const char *name, const struct snapshot_entry *e, void *data);
int snapshot_each_child(const struct snapshot *s, const char *folder, snapshot_child *f, void *data);

/*
 * All that lies below one folder, for who asks for much of it: paths are relative to the folder then.
 * Borrows the entries of a sealed snapshot; a folder without anything below it, or none at all, is empty.
 */
struct snapshot_folder {
        const struct snapshot_entry *entries;
        size_t n;
        size_t skip; /* how much of each path is the folder's, with the '/' behind it */
};

struct snapshot_folder snapshot_root(const struct snapshot *s);
struct snapshot_folder snapshot_enter(const struct snapshot_folder *f, const char *path);

/* As snapshot_find() and snapshot_each_child(). */
const struct snapshot_entry *snapshot_find_in(const struct snapshot_folder *f, const char *path);
int snapshot_each_in(const struct snapshot_folder *folder, snapshot_child *f, void *data);
