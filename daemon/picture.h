/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd knows and thinks at one instant: everything that is shown, in one piece. The manager replaces it
 * whole and never changes one that was shown, so that what changed is the difference of two pictures.
 */
#include "lib/enforce/exposure.h"
#include "lib/enforce/trial.h"
#include "lib/facts/channel-probe.h"
#include "lib/policy/evaluation.h"

struct picture_device {
        enum verdict verdict;
        bool busy;    /* the verdict is about to change: an action runs and does not hang, or the device is
                         arriving */
        char *reason; /* the decision's, or what went wrong with its enforcement */
        struct exposure exposure;
};

/* A decision by hand that is rolled back at `deadline` (CLOCK_BOOTTIME, microseconds) unless confirmed. */
struct picture_unconfirmed {
        struct guid instance;
        bool allow, permanent;
        uint64_t deadline;
};

/* A device by the policy in force, and by one being tried: each verdict once all is done that it asks for.
 */
struct picture_tried {
        bool differs;
        enum verdict verdict, tried;
        char *rule, *reason; /* of the one being tried; NULL where nothing differs */
};

struct picture_tried_policy {
        struct digest digest;
        uint64_t until;                /* CLOCK_BOOTTIME, in microseconds */
        struct picture_tried *devices; /* one for each device of the guest, same index */
};

struct picture {
        struct snapshot *snapshot;
        struct guest *guest;
        const struct policy *policy; /* borrowed: it outlives the picture */
        struct evaluation *evaluation;
        struct picture_device *devices; /* one for each device of the guest, same index */
        enum guest_state state;
        bool busy; /* one of the devices is */
        enum probe_method probe;
        enum gate_state gate;
        uint64_t log_sequence;
        struct digest log_head;
        uint64_t began, looked,
                judged; /* CLOCK_BOOTTIME, in microseconds: the look, its facts, the decisions */
        struct picture_tried_policy *tried; /* NULL: no policy is being tried */
        char **warnings;
        size_t n_warnings;
        struct picture_unconfirmed *unconfirmed; /* sorted by instance */
        size_t n_unconfirmed;
        enum trial_phase trial;
        uint32_t trial_boots, trial_clean; /* it takes, and there were so far */
};

/* Takes *snapshot over in any case, and judges it by p. -ENOMEM. */
int picture_new(struct snapshot *snapshot, const struct policy *p, const struct evaluation_options *o,
        struct picture **ret);
void picture_free(struct picture *p);
DEFINE_FREEP(struct picture, picture_free)

/* With nothing that differs yet. -ENOMEM. */
int picture_add_tried(struct picture *p, const struct digest *digest, uint64_t until);

/* -ENOMEM. */
int picture_warn(struct picture *p, const char *warning);

/* Where the device is among the guest's; -ENODEV. */
int picture_find(const struct picture *p, const struct guid *instance, size_t *ret);
