/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Telling each device's exposure (lib/enforce/exposure.h) what happens to the device, and keeping it in the
 * state folder. Nothing here is urgent: it comes after the actions of a look.
 */
#include <json-c/json_object.h>

#include "daemon/uevent-message.h"
#include "lib/enforce/apply.h"
#include "lib/enforce/exposure.h"

struct arrivals;
struct manager;
struct picture;
struct tracked;

/* Of one device. */
struct watched {
        struct exposure exposure;
        struct exposure kept; /* as it is in the state folder */
        bool begun;
        bool moved;       /* it came or went since the last look: what follows may be about another object */
        uint64_t uevents; /* events up to this one are older than what is known */
        uint64_t
                unbound; /* an event said so while a helper of ours blocks it, which knows better; 0: none */
};

/* Events about devices that no look has met yet. Zero-initialised is empty. */
struct exposures {
        struct early_event *events;
        size_t n;
        bool incomplete;
};

/* -ENOMEM. */
int exposures_init(struct manager *m);

/* Writes down what goes on, for the next cvmd. */
void exposures_done(struct manager *m);

/* t: the device it is about, NULL when there is none yet or it is about none. */
void exposures_event(struct manager *m, const struct uevent *e, struct tracked *t);

/* Events are missing: what they would have told will be learned from looks. */
void exposures_lost(struct manager *m);

/*
 * After the look of p, once tracking follows it; now as tracking has it. Fills in what p shows. arrivals:
 * who alone was looked at, NULL: everybody.
 */
void exposures_follow(struct manager *m, struct picture *p, const struct arrivals *arrivals, uint64_t now);

/* Adds "times" and "exposure" to an explanation, and puts that on failure: -ENOMEM. */
int exposures_explain(const struct exposure *e, struct json_object *explanation);

/* A helper ended; result is what it says of a block that is effective, else NULL. */
void exposures_ended(struct tracked *t, const struct apply_result *result);

/* Has the kernel trace offers from here on: once, as soon as it can. That it cannot is told once. */
void exposures_arm(struct manager *m);

/*
 * Writes down what has changed. What goes on counts as known until the given time, 0 for as far as the last
 * look knew. That it cannot be written is told once, and is no reason not to enforce.
 */
void exposures_keep(struct manager *m, uint64_t until);
