/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager remembers of single devices from one look at the guest to the next. */
#include "daemon/arrivals.h"
#include "daemon/exposures.h"
#include "lib/enforce/device-note.h"
#include "lib/enforce/plan.h"

#define ARRIVAL_USEC (1000 * 1000)

struct tracked {
        struct guid instance;
        uint32_t relid;               /* these two tell the object that the kernel has under that name */
        uint64_t inode;               /* of its folder, 0 when not known */
        enum enforcement enforcement; /* as it is shown */
        bool noted;                   /* our override may stand on it */
        bool recheck;                 /* events were lost: let the next action confirm what we believe */
        bool renewed;           /* it is another device than the one that the running action began with */
        enum plan_verb running; /* PLAN_NOTHING: no helper works on it */
        bool hangs;             /* and that helper has used up its first patience */
        bool waiting;           /* for a free helper */
        bool isolated;          /* a helper was sent to take its links down before the machine is halted */
        bool leaving;        /* its end was told since the last look at everything: nothing is done to it */
        bool from_start;     /* it was there when cvmd started, and has not been announced since */
        bool was_bound;      /* a driver was seen on it since cvmd started */
        uint64_t admitted;   /* the round of drivers (daemon/gate.h) in which it was tried, */
        uint64_t admitting;  /* and the one in which the running try began; 0: none */
        unsigned rebounds;   /* how often somebody bound it while it was blocked */
        uint64_t arrived;    /* when it was first seen; CLOCK_MONOTONIC, in microseconds, like: */
        uint64_t unreadable; /* since when some of it cannot be read; 0: it can */
        uint64_t last_try;   /* when the last action started */
        unsigned tries;      /* how many actions in a row, for the back-off */
        char problem[256];   /* what went wrong with the last action, "" when nothing did */
        char *announced;     /* the verdict as it was last announced */
        struct watched watched; /* its times, and for how long it was exposed */
};

struct tracking {
        struct tracked *devices; /* after tracking_follow(): one for each device of the guest, same index */
        size_t n;
};

void tracking_done(struct tracking *t);

/*
 * Goes along with the guest: what is new gets an entry (noted if the state folder says so), what is gone
 * loses it. A device that went and came between two looks starts anew. In both cases our note of its
 * override goes too: it stood on an object that is no more. arrivals: who alone was looked at, NULL:
 * everybody. -ENOMEM.
 */
int tracking_follow(struct tracking *t, const struct guest *g, const struct arrivals *arrivals, int state,
        uint64_t now);

/* Whether the state folder has a note of our override; one that cannot be read is there too. */
bool tracking_is_noted(int state, const struct guid *instance);

/* NULL when there is none. */
struct tracked *tracking_find(struct tracking *t, const struct guid *instance);

/*
 * What is not wholly there yet, and not for long: without channels, which the kernel makes after the device,
 * or without something that could not be read. It is taken as it is from that time on, 0 when there is no
 * such.
 */
bool tracked_is_arriving(const struct tracked *t, const struct device *d, uint64_t now);
uint64_t tracked_arrives_until(const struct tracked *t, const struct device *d);

/* When the next action may start: at once, then ever later, at most half a minute after the last one. */
uint64_t tracked_next_try(const struct tracked *t, uint64_t now);

void tracked_set_problem(struct tracked *t, const char *why);
