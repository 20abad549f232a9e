/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that make a guest from a snapshot share; nobody else includes it. */
#include "lib/facts/guest.h"

/* As the kernel counts them, in its log and in its parameter. */
#define VMBUS_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
#define VMBUS_VERSION_CONFIDENTIAL VMBUS_VERSION(6, 0) /* the first with confidential channels */

/* What holds for every channel of the guest, before any of them is looked at. */
struct guest_connection {
        const char *proof; /* why no channel can be confidential; NULL: there is no such proof */
        bool flags_count;  /* the flags of an offer mean what they mean in VMBus 6.0 */
};

/* Adds a warning to g. -ENOMEM. */
int guest_warn(struct guest *g, const char *format, ...) _printf_(2, 3);

/* Warns of what weakens the guest as a whole; its isolation is known already. */
int guest_eval_posture(struct guest *g, const struct snapshot *s);

/* Warns of channels whose offer says something else than the driver; the devices are known already. */
int guest_eval_mismatches(struct guest *g);

/* Fills version and connection_confidential of g, whose isolation is known already. */
int guest_eval_connection(struct guest *g, const struct snapshot *s, struct guest_connection *ret);

/* Adds the device that stands as name in sys/bus/vmbus/devices; e may be NULL. */
int guest_add_device(struct guest *g, const struct snapshot *s, const struct guest_connection *c,
        const char *name, const struct snapshot_entry *e);

/* Fills the channels of d, whose folder f is, and ring, dma and source, which follow from them. */
int guest_eval_channels(struct guest *g, const struct snapshot *s, const struct snapshot_folder *f,
        const struct guest_connection *c, struct device *d);

/* Adds to what d->problem says. -ENOMEM. */
int device_problem(struct device *d, const char *format, ...) _printf_(2, 3);

void device_done(struct device *d);
