/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A policy being tried: at each look it is judged beside the one in force, which stays so. Nothing is done
 * by it; what it would do differently is told. It ends by itself, and is kept nowhere: the next cvmd knows
 * nothing of it.
 */
#include <systemd/sd-event.h>

#include "daemon/picture.h"

#define TRY_SECONDS_MAX ((uint64_t)24 * 60 * 60)

/* What was told of a device. */
struct tried_told {
        struct guid instance;
        char *text; /* NULL: nothing, or that both agree again */
};

struct tried_policy {
        struct policy *policy; /* NULL: none is being tried */
        uint64_t until;        /* CLOCK_BOOTTIME, in microseconds, for show */
        sd_event_source *end;
        struct tried_told *told; /* sorted by instance */
        size_t n_told;
};

struct manager;

void tried_policy_done(struct tried_policy *t);

/* Fills p->tried; p is judged already. now: CLOCK_MONOTONIC. -ENOMEM. */
int tried_policy_judge(struct manager *m, struct picture *p, uint64_t now);

/* Tells what is new in p->tried. What cannot be remembered for want of memory is told again. */
void tried_policy_tell(struct manager *m, const struct picture *p);
