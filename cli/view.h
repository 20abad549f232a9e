/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmctl shows of a guest, in the words of the outputs. Two loaders, view-bus (the daemon says) and
 * view-offline (a recording, judged here), fill the same structs, and one printer for text and one for JSON
 * print them: what was looked at online and offline looks the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/exposure-view.h"
#include "cli/tried-view.h"
#include "lib/base/cleanup.h"
#include "lib/base/diag.h"
#include "lib/policy/verdict.h"

/* Strings are never NULL once loaded, unless it is said. */
struct channel_view {
        uint32_t relid, sub;
        char *ring, *dma, *source;
};

struct dependent_view {
        char *kind, *name;
        char *through; /* "" when it hangs on the device itself */
};

struct device_view {
        char *instance, *class, *class_id;
        uint32_t relid, vendor, device;
        char *driver; /* the bound one, else the candidate; "" when there is none */
        bool bound, kernel_allowed;
        char *ring, *dma, *source;
        char *verdict, *rule, *rule_origin, *reason;
        struct channel_view *channels;
        size_t n_channels;
        struct dependent_view *dependents;
        size_t n_dependents;
        bool dependents_known; /* false: we may not know */
        struct exposure_view exposure;
};

/* A decision by hand that is rolled back unless it is confirmed. */
struct unconfirmed_view {
        char *instance, *decision; /* block or allow */
        bool permanent;
        uint64_t deadline; /* CLOCK_BOOTTIME, microseconds */
};

/* What evidence can be made with, or why it cannot. */
struct provider_view {
        char *name, *why;
        bool there;
};

struct view {
        char *state, *mode, *gate;
        bool mode_overridden;
        char *isolation, *isolation_mode, *scheme, *isolation_source;
        bool paravisor, consistent;
        uint32_t boundary_bits;
        char *vmbus_version, *confidential;
        char *digest;
        char **files; /* NULL-terminated, as warnings */
        uint32_t rules;
        bool built_in;
        uint64_t log_sequence;
        char *log_head; /* "" offline: there is no log */
        char **warnings;
        struct unconfirmed_view *unconfirmed;
        size_t n_unconfirmed;
        struct provider_view *providers; /* of evidence; none offline */
        size_t n_providers;
        char *trial; /* its phase; NULL offline: nobody knows of one */
        uint32_t trial_boots, trial_clean;
        struct tried_view tried;     /* none offline */
        struct device_view *devices; /* sorted by instance */
        size_t n_devices;
};

void view_done(struct view *v);

/* One more device at the end, zeroed; NULL for want of memory. */
struct device_view *view_add_device(struct view *v);

/* Appends a copy; list grows by one and stays NULL-terminated. -ENOMEM. */
int view_add_string(char ***list, const char *text);

/* The rest of loading: sorts the devices, and puts into words what the warnings do not say yet. -ENOMEM. */
int view_finish(struct view *v);

/* Whether enforcement is on trial, or was and fell back. */
bool view_on_trial(const struct view *v);

/* Whole seconds until the deadline, 0 when it is over. */
uint64_t view_seconds_left(const struct unconfirmed_view *u);

size_t view_count(const struct view *v, enum verdict verdict);

/* A device as people name it: the rule is guest_resolve()'s. -ENODEV, -ENOTUNIQ. */
int view_resolve(const struct view *v, const char *word, const struct device_view **ret, struct diag *d);

/* How many leading characters of an instance tell it from all others, at least 8. */
size_t view_brief(const struct view *v, const struct device_view *device);
