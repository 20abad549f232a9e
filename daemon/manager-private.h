/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager's insides, for its own files: manager.c (life and requests), events.c (what happens),
 * reconcile.c (the flow), act.c and conclude.c (two steps of it), announce.c (telling). */
#include "daemon/arrivals.h"
#include "daemon/gate.h"
#include "daemon/hvsock.h"
#include "daemon/keep.h"
#include "daemon/manager.h"
#include "daemon/mount-watch.h"
#include "daemon/network-watch.h"
#include "daemon/tracking.h"
#include "daemon/tried-policy.h"
#include "daemon/uevents.h"
#include "daemon/worker.h"
#include "lib/enforce/decision-log.h"
#include "lib/facts/offer-trace.h"

struct manager {
        struct manager_options o;
        struct uevents *uevents;
        struct channel_probe *probe;
        struct network_watch *network; /* NULL: a guest that is not this machine has it in a file */
        struct mount_watch *mounts;
        struct workers *workers;
        struct decision_log *log;
        struct policy *policy;               /* in force */
        char early_policy[DIGEST_TEXT_SIZE]; /* digest of the initrd's, "" when there was no cvmd in it */
        char *policy_trouble;                /* why it is not the one in the files, NULL when it is */
        char *log_trouble;                   /* what became of the decision log, NULL when nothing did */
        char *target_trouble;                /* why the target is not as it should be, NULL when it is */
        uint64_t unlogged;                   /* what it could not take, and has not been told of yet */
        struct picture *picture;             /* NULL until started */
        struct tracking tracking;
        struct arrivals arrivals; /* since the last look at everything */
        struct picture *arrived;  /* as they were judged, until it is settled what that means */
        struct exposures exposures;
        struct offer_trace *offers;
        bool exposures_untraced;
        struct tried_policy tried;
        bool exposures_unkept; /* they could not be written, and that was told */
        struct gate gate;
        struct keep *keep;
        struct hvsock hvsock;
        struct hand_decision *by_hand;
        size_t n_by_hand;
        struct permanent *permanent; /* what is being written to the disk, NULL: nothing */
        struct confirm *confirm;     /* what waits to be confirmed */
        struct trial_run *trial;
        struct manager_observer *observers;
        sd_event_source *soon, *later; /* the next look: as soon as the loop runs on, and at a time */
        uint64_t looked_at;            /* the last one; CLOCK_MONOTONIC */
        struct manager_counters counters;
        enum guest_state announced_state;
        bool ready, halted;
};

/* reconcile.c: looks at the guest, judges it, acts and shows: the one way to a new picture. */
int manager_reconcile(struct manager *m, struct diag *d);

/* The same, at the given time (CLOCK_MONOTONIC) or earlier. */
int manager_reconcile_at(struct manager *m, uint64_t usec);

/* The same, once the loop runs on: what happens until then is looked at together. */
void manager_reconcile_soon(struct manager *m);

/*
 * The same, but some time after the last look: for what can happen again and again, and is seldom urgent.
 * data is the manager.
 */
void manager_reconcile_calmly(void *data);

/* That long after the last look. */
void manager_reconcile_after(struct manager *m, uint64_t usec);

/* Once the loop runs on: what has come alone, where nothing else happened, else everything. */
void manager_judge_soon(struct manager *m);

/* What was put off while a helper was at work on what has come: it would have been in its way. */
void manager_settle_arrivals(struct manager *m);

/* act.c: plans by the picture and starts the helpers; a step that cannot be taken now is one later. */
int manager_act(struct manager *m, const struct picture *p, uint64_t now, struct diag *d);

/* What goes wrong in the same way again is not told again. */
void manager_failed(struct manager *m, struct tracked *t, enum plan_verb verb, const char *why);

/* conclude.c: verdicts, state and warnings, from what was decided and what enforcement has seen. -ENOMEM,
 * or what planning the next look says. */
int manager_conclude(struct manager *m, struct picture *p, uint64_t now);

/* Takes p over and tells everybody what is new in it. */
void manager_show(struct manager *m, struct picture *p);

/* Whether something is about to become of the device by itself. */
bool manager_is_busy(const struct manager *m, const struct tracked *t, const struct device *d, uint64_t now);

/* How the guest is judged now, with borrowed parts: until the next judgement. -ENOMEM. */
int manager_judging(const struct manager *m, uint64_t now, struct evaluation_options *ret);

/* manager.c: what an administrator wants now is not to wait for a back-off. */
void manager_try_at_once(struct manager *m);

/* by-hand.c: takes over what is noted; what is noted of one device, NULL: nothing. */
int by_hand_load(struct manager *m, struct diag *d);
const struct hand_decision *by_hand_of(const struct manager *m, const struct guid *instance);

/*
 * by-hand.c: the guest under p, where an administrator decided nothing about the device but `instead` (NULL:
 * nothing). By the picture's guest.
 */
int by_hand_evaluate(const struct manager *m, const struct policy *p, const struct guid *instance,
        const struct hand_decision *instead, struct evaluation **ret, struct diag *d);

/* by-hand.c: notes that a decision until the next boot is made, BY_HAND_FORGET that there is none. */
int by_hand_note(struct manager *m, const struct guid *instance, enum by_hand what, struct diag *d);

/* What one request changes in the file of lasting decisions. */
struct hand_change {
        struct guid instance;
        enum by_hand what;
};

/*
 * permanent.c: checks what the policy would be, and begins to write it. 1: begun; 0: the file says so
 * already. confirms: they were decided before, and are not held against the rules again.
 */
int permanent_begin(struct manager *m, const struct hand_change *changes, size_t n, bool confirms,
        struct diag *d);
int permanent_check(const struct manager *m, const struct hand_change *change, struct diag *d);
bool permanent_is_writing(const struct manager *m);
void permanent_free(struct permanent *p);

/* confirm.c: what waits to be confirmed, as an earlier cvmd left it; what is over is rolled back first. */
int confirm_load(struct manager *m, struct diag *d);
void confirm_free(struct confirm *c);

/* Notes, before the decision is made, that it is made on condition. */
int confirm_expect(struct manager *m, const struct guid *instance, const struct decide_request *q,
        struct diag *d);

/* It is not on condition any more; 0 also when it never was. */
int confirm_settle(struct manager *m, const struct guid *instance, struct diag *d);

/* What was to be written at a confirmation is not: the condition holds on. */
void confirm_resume(struct manager *m, const struct guid *instance);

/* Adds what is shown of it. -ENOMEM. */
int confirm_show(const struct manager *m, struct picture *p);

/* events.c */
extern const struct uevents_handler manager_uevents_handler;
extern const struct workers_handler manager_workers_handler;

/* announce.c: to the journal, the decision log and the observers, each thing once. */
void announce_boot(struct manager *m);
void announce_policy(struct manager *m);
void announce_verdicts(struct manager *m, struct picture *p);
void announce_warnings(const struct picture *before, const struct picture *after);
void announce_state(struct manager *m, const struct picture *p);
void announce_rebound(struct manager *m, const struct device *d, unsigned times);
void announce_by_hand(struct manager *m, const struct guid *instance, const char *format, ...)
        _printf_(3, 4);
void announce_trial(struct manager *m, int priority, const char *format, ...) _printf_(3, 4);
void announce_tried(struct manager *m, const struct picture *p, size_t i);
uint64_t announce_time_usec(void); /* a stamp for people: that clock jumps */
void announce_halt(struct manager *m, const struct device *d, const char *why);

uint64_t now_usec(clockid_t clock);
