/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * hv_sock connections come and go by the thousand, and each looks like a device. What they are is a matter
 * of their class, the service: once a connection of it has been looked at, the events of others are no
 * reason to look at once, and their decision is told already.
 */
#include "daemon/uevent-message.h"
#include "lib/facts/guest.h"

#define HVSOCK_CLASSES_MAX 256 /* services beyond that are treated like devices */
#define HVSOCK_RECENT_MAX                                                               \
        512 /* connections since the last look, of which more events are to be expected \
             */

struct hvsock_service {
        struct guid class;
        char *told; /* what was decided of it, as it was last told; NULL: nothing */
};

/* Zero-initialised is empty. */
struct hvsock {
        struct hvsock_service services[HVSOCK_CLASSES_MAX];
        size_t n_services;
        struct guid recent[HVSOCK_RECENT_MAX];
        size_t n_recent;
};

void hvsock_done(struct hvsock *h);

/* After a look: which classes are services. One of which there is a true device, too, is none. */
void hvsock_learn(struct hvsock *h, const struct guest *g);

/*
 * Whether this event is of a connection to a service that is known, so that looking can wait. g: the guest
 * as it was last looked at.
 */
bool hvsock_is_routine(struct hvsock *h, const struct uevent *e, const struct guest *g);

/* Whether this was told of the service before; it is from now on. */
bool hvsock_was_told(struct hvsock *h, const struct guid *class, const char *what);
