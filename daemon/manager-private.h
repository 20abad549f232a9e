/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager's insides, for its own files: manager.c (life and requests), reconcile.c (the flow),
 * announce.c (telling). */
#include "daemon/manager.h"
#include "daemon/mount-watch.h"
#include "daemon/network-watch.h"
#include "daemon/tracking.h"
#include "daemon/uevents.h"
#include "daemon/worker.h"
#include "lib/enforce/decision-log.h"

struct manager {
        struct manager_options o;
        struct uevents *uevents;
        struct channel_probe *probe;
        struct network_watch *network; /* NULL: a guest that is not this machine has it in a file */
        struct mount_watch *mounts;
        struct workers *workers;
        struct decision_log *log;
        struct policy *policy;   /* in force */
        char *policy_trouble;    /* why it is not the one in the files, NULL when it is */
        char *log_trouble;       /* what became of the decision log, NULL when nothing did */
        uint64_t unlogged;       /* what it could not take, and has not been told of yet */
        struct picture *picture; /* NULL until started */
        struct tracking tracking;
        struct exposures exposures;
        bool exposures_unkept; /* they could not be written, and that was told */
        struct hand_decision *by_hand;
        size_t n_by_hand;
        struct manager_observer *observers;
        sd_event_source *soon, *later; /* the next look: as soon as the loop runs on, and at a time */
        uint64_t looked_at;            /* the last one; CLOCK_MONOTONIC */
        struct manager_counters counters;
        enum guest_state announced_state;
        bool ready, halted;
};

/* reconcile.c: looks at the guest, judges it, acts and shows: the one way to a new picture. */
int manager_reconcile(struct manager *m, struct diag *d);

/* The same, once the loop runs on: what happens until then is looked at together. */
void manager_reconcile_soon(struct manager *m);

/*
 * The same, but some time after the last look: for what can happen again and again, and is seldom urgent.
 * data is the manager.
 */
void manager_reconcile_calmly(void *data);

/* manager.c: what an administrator wants now is not to wait for a back-off. */
void manager_try_at_once(struct manager *m);

/* by-hand.c: takes over what is noted. */
int by_hand_load(struct manager *m, struct diag *d);

extern const struct uevents_handler manager_uevents_handler;
extern const struct workers_handler manager_workers_handler;

/* announce.c: to the journal, the decision log and the observers, each thing once. */
void announce_start(struct manager *m);
void announce_policy(struct manager *m);
void announce_verdicts(struct manager *m, struct picture *p);
void announce_warnings(const struct picture *before, const struct picture *after);
void announce_state(struct manager *m, const struct picture *p);
void announce_rebound(struct manager *m, const struct device *d, unsigned times);
void announce_by_hand(struct manager *m, const struct device *d, enum by_hand what);
void announce_halt(struct manager *m, const struct device *d, const char *why);

uint64_t now_usec(clockid_t clock);
