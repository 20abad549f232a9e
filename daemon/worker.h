/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Helper processes. Whatever touches driver_override, unbind or drivers_probe can hang on the device's lock
 * for as long as the kernel likes, so each action has a process of its own, at most one a device, and is
 * never waited for. One that hangs is left alone and reported; it may outlive us, and is then adopted by the
 * next cvmd.
 */
#include <systemd/sd-event.h>

#include "lib/enforce/apply.h"
#include "lib/enforce/plan.h"

#define WORKERS_MAX 16          /* at work; whoever hangs is not, and keeps nobody else from being started */
#define WORKERS_HANGING_MAX 256 /* with those */

struct workers;

struct workers_handler {
        /* r and why: of apply_block(), gate_admit() and the like; -ECHILD: a helper that was adopted, whose
         * result is lost. */
        void (*ended)(const struct guid *instance, enum plan_verb verb, int r,
                const struct apply_result *result, const char *why, void *data);
        /* It has not ended within the first patience; again, with given_up, at the end of the second. */
        void (*hangs)(const struct guid *instance, enum plan_verb verb, bool given_up, void *data);
};

struct workers_patience {
        uint64_t hangs_usec, given_up_usec; /* from the start of the action */
};

/* root, state (the folder's descriptor) and handler are borrowed; ending us ends no helper. */
int workers_new(struct sysroot *root, int state, sd_event *event, const struct workers_patience *patience,
        const struct workers_handler *handler, void *data, struct workers **ret);
void workers_free(struct workers *w);
DEFINE_FREEP(struct workers, workers_free)

/* Takes over what an earlier cvmd left running: `ended` is called when it ends, with -ECHILD. */
int workers_adopt(struct workers *w, struct diag *d);

/*
 * PLAN_BLOCK, PLAN_RELEASE, PLAN_ADMIT, or PLAN_HALT to isolate the device; PLAN_CLOSE_GATE, PLAN_OPEN_GATE,
 * for which the device is all zero. -EBUSY while one works on
 * that device, -EAGAIN while there are WORKERS_MAX at work, or WORKERS_HANGING_MAX in all.
 */
int workers_start(struct workers *all, enum plan_verb verb, const struct apply_device *device,
        struct diag *d);

/* Whether there is no helper left that could be free soon. */
bool workers_all_hang(const struct workers *all);
