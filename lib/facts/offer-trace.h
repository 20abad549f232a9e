/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The times of offers, from the kernel itself: a trace instance of our own that records
 * hyperv:vmbus_onoffer, for offers from its arming on, and one that the kernel command line asked for, for
 * those since boot. Both only by the trace clock "boot", which is CLOCK_BOOTTIME: times of other clocks
 * cannot be compared with ours, so they stay unknown.
 */
#include "lib/base/sysroot.h"
#include "lib/facts/offers.h"

/* Of our instance. */
#define OFFER_TRACE_NAME "cvmd_offers"

struct offer_trace;

/* root is borrowed. -ENOMEM. */
int offer_trace_new(struct sysroot *root, struct offer_trace **ret);

/* Removes the instance. */
void offer_trace_free(struct offer_trace *t);
DEFINE_FREEP(struct offer_trace, offer_trace_free)

/* Takes over one that a killed process left, with what it has recorded since. */
void offer_trace_adopt(struct offer_trace *t);

/*
 * Arms it, unless it is armed. Slow where it has something to do. -EAGAIN while there is nothing to arm, for
 * hv_vmbus may not be loaded yet; else what tracefs refused, and it is not tried again.
 */
int offer_trace_arm(struct offer_trace *t, struct diag *d);

/* Reads what was recorded since. Whatever goes wrong: what is not known stays unknown. */
void offer_trace_read(struct offer_trace *t);

/*
 * The time of the offer that made this device, in microseconds of CLOCK_BOOTTIME; 0 when it is not known.
 * *ret_since_boot: it is from the instance of the kernel command line.
 */
uint64_t offer_trace_find(const struct offer_trace *t, uint32_t relid, const struct guid *instance,
        bool *ret_since_boot);
