/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is to be done, pure: from decisions, facts and what is held already. */
#include "lib/policy/evaluation.h"

enum plan_verb {
        PLAN_NOTHING,
        PLAN_BLOCK,
        PLAN_RELEASE,
        PLAN_HALT,
        PLAN_ADMIT,      /* a driver for what the gate keeps without one */
        PLAN_CLOSE_GATE, /* these two are of the bus, not of a device, and in no plan */
        PLAN_OPEN_GATE,
        _PLAN_VERB_MAX
};

/* What enforcement remembers of a device; zero: nothing. */
struct held {
        struct guid instance;
        enum enforcement state; /* as last re-read by this process; NONE after a restart */
        bool noted;             /* our override may stand on it: there is a NOTE_OVERRIDE */
        bool withheld;          /* the gate may keep a driver from it that it could have */
};

/* What is held of the instance in a sorted list; nothing, where it is not there. */
struct held held_find(const struct held *held, size_t n_held, const struct guid *instance);

struct plan_step {
        enum plan_verb verb;
        size_t device; /* index into the guest's */
        bool rebound;  /* it was held, and somebody bound it again */
};

struct plan {
        struct plan_step *steps; /* in the order of the devices; PLAN_NOTHING is left out */
        size_t n;
};

/*
 * Blocks in enforce mode alone, and never protected devices, hv_sock, or one with an action under way. A
 * device that failed is planned again: when, is for the caller to say. Releases what is noted (or carries
 * our override) and is not to be blocked any more: in audit and off only what is allowed, since what was
 * blocked stays until it is released by hand or by a policy that allows it, unless the evaluation lets go.
 * Admits what is withheld, has no driver and is not to be blocked; protected devices and hv_sock too. held
 * is sorted by instance, as the devices are. -ENOMEM.
 */
int plan_make(const struct guest *g, const struct evaluation *e, const struct held *held, size_t n_held,
        struct plan **ret);
void plan_free(struct plan *p);
DEFINE_FREEP(struct plan, plan_free)

/* nothing block release halt admit close-gate open-gate */
const char *plan_verb_to_string(enum plan_verb v);
bool plan_verb_is_of_gate(enum plan_verb v); /* about the bus, and no single device */
int plan_verb_from_string(const char *word); /* -EBADMSG; not "nothing" */
