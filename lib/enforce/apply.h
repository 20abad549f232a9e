/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One action on one device, then the re-read. Every call can hang on the device lock: only in a helper
 * process. What counts is what was re-read, never that a write succeeded.
 */
#include <stdbool.h>

#include "lib/base/sysroot.h"
#include "lib/policy/evaluation.h"

#define OVERRIDE_TEXT_MAX 256

struct apply_result {
        bool effective;                          /* what was wanted is what was re-read */
        char driver[OVERRIDE_TEXT_MAX];          /* bound after the action, "" when none */
        char override_before[OVERRIDE_TEXT_MAX]; /* as found, "" when unset; never ours */
        enum ring_state ring_before, ring_after; /* of the primary channel */
        int error;      /* the first failure, negative; 0 when all writes went through */
        char what[256]; /* what failed or did not take effect, for a person */
};

/*
 * Block: driver_override to BLOCKED_OVERRIDE, unbind where bound, re-read: driver link gone, override ours,
 * and a ring that was readable reads EINVAL. A device that vanishes meanwhile is -ENODEV.
 */
int apply_block(struct sysroot *root, const char *instance, struct apply_result *ret, struct diag *d);

/*
 * Release: driver_override back to override ("" clears it), drivers_probe, re-read: override restored.
 * Whether a driver is bound then is reported, not demanded: there may be none.
 */
int apply_release(struct sysroot *root, const char *instance, const char *override, struct apply_result *ret,
        struct diag *d);
