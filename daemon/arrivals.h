/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the events since the last look at everything are about: channels of devices that come, as long as it
 * is nothing else; what goes does not count. Those can be judged on top of the last look, before all is
 * looked at again. A device announces itself before its channels, and without them there is nothing to judge
 * yet.
 */
#include "daemon/uevent-message.h"

#define ARRIVALS_USEC (100 * (uint64_t)1000) /* until all is looked at when something has come */
#define ARRIVALS_MAX 16                      /* with more at once, one look at everything is cheaper */

/* Zero-initialised: no events. */
struct arrivals {
        struct guid instances[ARRIVALS_MAX];
        size_t n;
        bool more; /* there was something else as well */
};

/* Adds what an event is about. */
void arrivals_note(struct arrivals *a, const struct uevent *e);

/* Whether that device is among them. */
bool arrivals_has(const struct arrivals *a, const struct guid *instance);

/* Whether nothing but arrivals was noted. */
bool arrivals_alone(const struct arrivals *a);
