/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's uevents: only the kernel's, and never one lost without saying so. On a simulated sysroot they
 * come from the simulator.
 */
#include <systemd/sd-event.h>

#include "daemon/uevent-message.h"
#include "lib/base/sysroot.h"

struct uevents;

struct uevents_handler {
        void (*event)(const struct uevent *e, void *data); /* subject is never UEVENT_OTHER */
        void (*lost)(int error, void *data);               /* events are missing: look at everything again */
        void (*forged)(const char *what, void *data);      /* one was ignored that the kernel has not sent */
};

struct uevents_counters {
        uint64_t seen;   /* of ours and in order */
        uint64_t forged; /* not from the kernel, or not in its form */
        uint64_t errors; /* of reception */
};

/*
 * Subscribes; what happens from here on is not missed. buffer: how many bytes of the kernel's may wait, 0
 * for as many as are good. root, event and handler must outlive *ret.
 */
int uevents_new(struct sysroot *root, sd_event *event, uint32_t buffer,
        const struct uevents_handler *handler, void *data, struct uevents **ret, struct diag *d);
void uevents_free(struct uevents *u);
DEFINE_FREEP(struct uevents, uevents_free)

struct uevents_counters uevents_counters(const struct uevents *u);
