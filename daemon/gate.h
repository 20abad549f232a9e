/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the manager knows of the gate (lib/enforce/gate.h): whether it is ours, what is being done about it,
 * and which devices wait behind it.
 */
#include "daemon/tracking.h"
#include "lib/enforce/gate.h"

struct manager;
struct picture;

struct gate {
        bool noted;            /* it is ours: what it was before is noted in the state folder */
        struct gate_note note; /* then */
        struct tracked bus;    /* of the actions on it: running, hangs, problem, and when to try again */
        bool settling;   /* it was opened, and not everything that it kept waiting has been tried yet */
        bool was_closed; /* as last seen: who opens it then is not us */
        bool awaited;    /* by a device that is to be admitted */
        uint64_t round;  /* grows with each driver that comes: what found none may find one then */
};

/* Takes over what is noted. */
void gate_load(struct manager *m);
void gate_done(struct gate *g);

/* Closes or opens it as the policy wants. To be called at each look, before the devices' turn. */
int gate_follow(struct manager *m, const struct picture *p, uint64_t now);

/* Whether the device waits behind the gate, and was not tried since the last driver came. */
bool gate_withholds(const struct manager *m, const struct guest *g, const struct device *d,
        struct tracked *t);

/* What is to be done next: whether somebody waits to be admitted. */
void gate_planned(struct gate *g, const struct plan *plan);

/* Ends an opening once nothing waits any more. To be called when the picture is complete. */
void gate_settle(struct manager *m, const struct picture *p);

/* Whether its state is about to change. */
bool gate_is_busy(const struct gate *g);

/* What there is to be warned of, into the picture. -ENOMEM. */
int gate_warn(const struct manager *m, struct picture *p);

/* A driver came, or may have come. */
void gate_driver_came(struct gate *g);

/* What a helper made of it: true when it was the gate's and not a device's. */
bool gate_ended(struct manager *m, enum plan_verb verb, int r, const struct apply_result *result,
        const char *why);
bool gate_hangs(struct manager *m, enum plan_verb verb, bool given_up);
