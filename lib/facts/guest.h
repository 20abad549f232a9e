/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The facts: what a snapshot means. Everything that judges, shows or acts works on this. */
#include "lib/facts/isolation.h"
#include "lib/facts/snapshot.h"
#include "lib/facts/vmbus-device.h"

struct guest {
        struct isolation isolation;
        unsigned vmbus_major, vmbus_minor;     /* 0.0 when not known */
        enum tristate connection_confidential; /* the VMBus connection itself */
        enum tristate autoprobe;               /* whether the kernel gives drivers to devices by itself */
        struct device *devices;                /* sorted by instance */
        size_t n_devices;
        char **warnings; /* for a person: contradictions, devices that could not be read, probe notes */
        size_t n_warnings;
};

/*
 * Pure; copies what it needs of s. -ENOMEM is the only failure: what makes no sense becomes unknown and a
 * warning.
 */
int guest_eval(const struct snapshot *s, struct guest **ret);
void guest_free(struct guest *g);
DEFINE_FREEP(struct guest, guest_free)

/* NULL when there is none. Borrowed. */
const struct device *guest_find(const struct guest *g, const struct guid *instance);

/*
 * A device as people name it: instance GUID (in braces or not) or a prefix of it of at least 4 characters,
 * relid in decimal, or the name or GUID of a class, each if unique. -ENODEV, or -ENOTUNIQ with a diag that
 * lists the matches.
 */
int guest_resolve(const struct guest *g, const char *word, const struct device **ret, struct diag *d);
