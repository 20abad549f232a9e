/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Recording: the only code that reads a guest. */
#include "lib/base/guid.h"
#include "lib/base/sysroot.h"
#include "lib/facts/channel-probe.h"
#include "lib/facts/kernel-log.h"
#include "lib/facts/network-probe.h"
#include "lib/facts/snapshot.h"

enum snapshot_scope {
        SNAPSHOT_SCOPE_DECISIONS, /* what verdicts depend on, and nothing whose reading can hang */
        /* the same, soon to be followed by a whole look: identities are read once, of devices neither
           device_id nor vendor nor device, on which no verdict depends unless a rule asks for the last two,
           nor class_id, which only says whether the host has changed its mind */
        SNAPSHOT_SCOPE_FIRST_DECISION,
        SNAPSHOT_SCOPE_EVERYTHING, /* for `cvmctl snapshot`: rings, monitors, driver_override, ... as well */
};

struct snapshot_record_options {
        enum snapshot_scope scope;
        const struct cpuid_table *cpuid; /* a recording instead of the processor's; NULL: execute CPUID */
        struct channel_probe *probe;     /* NULL: channels stay unknown */
        const struct snapshot *seen;     /* without probes: what others saw with theirs; or NULL */
        struct kernel_log *log; /* NULL: dev/kmsg is opened; with `seen`, what others followed of it */
        const struct network_probe *network; /* what it knows; NULL: interfaces and routes stay unknown */
        bool root_awaited;                   /* this is an initrd */
        bool mounts_hold; /* mounts and swap are what they were: snapshot_record_arrivals() need not look */
        bool foreign; /* root is not this machine: CPUID, kernel log and network are not those of this one */
};

/*
 * Reads the guest. A file that cannot be read becomes an error entry, a device that vanishes meanwhile is
 * left out: it fails only for want of memory, or when sys/bus/vmbus exists and cannot be listed. A guest
 * without VMBus gives a snapshot without devices.
 */
int snapshot_record(struct sysroot *root, const struct snapshot_record_options *o, struct snapshot **ret,
        struct diag *d);

/*
 * What devices that have just come add to a guest that was recorded before; all else is borrowed from there,
 * from a snapshot that borrows from none itself. -EAGAIN where that may not be the whole truth, so that only
 * a new snapshot will do: the mounts are not the same any more, a device was there before, or a channel was
 * read and the probe did not see it.
 */
int snapshot_record_arrivals(struct sysroot *root, const struct snapshot_record_options *o,
        struct snapshot *before, const struct guid *instances, size_t n, struct snapshot **ret,
        struct diag *d);
