/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of recording share; nobody else includes it. */
#include "lib/facts/snapshot-record.h"

struct recorder {
        struct sysroot *root;
        const struct snapshot_record_options *options;
        struct snapshot *snapshot; /* not sealed yet */
};

/* Gone before we came, or while we were there: neither is a fact about the guest. */
bool record_is_gone(int r);

/*
 * Adds one file as it is, or that it could not be read. What is not there, goes meanwhile or
 * is no file is not recorded. All of these fail with -ENOMEM alone.
 */
int record_file(struct recorder *rec, const char *path);

/*
 * The same for a link; *ret is where it leads, resolved, or NULL when nothing is to be followed. The caller
 * frees it.
 */
int record_link(struct recorder *rec, const char *path, char **ret);

/* The entry from number first on that has this path, NULL when there is none. Borrowed until the next one is
 * added. */
struct snapshot_entry *record_find(const struct recorder *rec, size_t first, const char *path);

/* The folder of every device of the VMBus; also fails when sys/bus/vmbus exists and cannot be listed. */
int record_devices(struct recorder *rec, struct diag *d);

/* One of them, by its name; nothing when it is gone. */
int record_device(struct recorder *rec, const char *name);

/* The lines of the kernel log that say something about the VMBus or the isolation. */
int record_kmsg(struct recorder *rec);

/* Interfaces and default routes. */
int record_network(struct recorder *rec);

/* Mounts and swaps, and the block devices below them. */
int record_storage(struct recorder *rec);

/* Mounts and swaps alone; -EAGAIN when they are not those of before. */
int record_mounts_again(struct recorder *rec, const struct snapshot *before);
