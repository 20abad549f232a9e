/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One action on one device, then the re-read. Every call can hang on the device lock: only in a helper
 * process. What counts is what was re-read, never that a write succeeded. Both actions are idempotent: on a
 * device that is as wanted they change nothing and confirm it, which is how a restarted cvmd learns what
 * holds.
 */
#include <stdbool.h>

#include "lib/base/sysroot.h"
#include "lib/enforce/device-note.h"

/* Which device, as it was judged. Plain data of one size, as the next one. */
struct apply_device {
        struct guid instance;
        uint64_t inode; /* of its folder: one that came under the same name since is left alone; 0: any */
};

/* Plain data of one size: a helper writes it into a pipe as it is. */
struct apply_result {
        bool effective;                          /* what was wanted is what was re-read */
        char driver[256];                        /* bound after the action, "" when none */
        enum ring_state ring_before, ring_after; /* of the primary channel */
        int error;      /* the first failure, negative; 0 when everything went through */
        char what[256]; /* what failed or did not take effect, for a person; "" when nothing */
        /* of a block, CLOCK_BOOTTIME in microseconds: before the unbind, and after the re-read */
        uint64_t began, confirmed;
        uint64_t uevents; /* the last uevent that the kernel had sent when it was re-read; 0: not known */
};

/*
 * Block: take the network links of the device down, note the override that is there (NOTE_OVERRIDE in the
 * folder state), write BLOCKED_OVERRIDE over it, unbind where bound, re-read: driver link gone, override
 * ours, and a ring that was readable reads EINVAL. -ENODEV when there is no such device, or no more, or
 * another one of the same name: its note goes with it. 0 else, also when it was not effective: *ret says
 * why. One write that failed does not keep the others from being tried.
 */
int apply_block(struct sysroot *root, int state, const struct apply_device *device, struct apply_result *ret,
        struct diag *d);

/* Isolate, before the machine is powered off: its network links down, all else as it is: a shutdown may need
 * its disk. Results as above. */
int apply_isolate(struct sysroot *root, const struct guid *instance, struct apply_result *ret,
        struct diag *d);

/*
 * Release: driver_override back to what the note says ("" without a note), drivers_probe, re-read: override
 * as restored. The note is removed once that is so. Whether a driver is bound then is reported, not
 * demanded: there may be none. An override that is not ours stays: somebody else's decision. Results as
 * above.
 */
int apply_release(struct sysroot *root, int state, const struct apply_device *device,
        struct apply_result *ret, struct diag *d);
