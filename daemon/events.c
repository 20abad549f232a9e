/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel and the helpers tell, and which look each of it asks for. */
#include <errno.h>
#include <stdio.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"

/* Between a look and the next one, for connections to services that are known. */
#define HVSOCK_PACE_USEC (2 * 1000 * (uint64_t)1000)
#define FAREWELL_USEC (250 * (uint64_t)1000) /* until all is looked at when something went */

/* Of a device that is not known yet; the event of its channel is about to follow. */
static bool awaits_channels(struct manager *m, const struct uevent *e) {
        return m->picture && !m->picture->evaluation->gated && e->subject == UEVENT_DEVICE &&
                (e->action == UEVENT_ADD || e->action == UEVENT_BIND) &&
                !tracking_find(&m->tracking, &e->instance);
}

/*
 * What goes or loses its driver endangers nobody, and often much goes at once: it waits for a look that is
 * not urgent, and is no reason to look at everything before what has come meanwhile is judged.
 */
static bool is_farewell(const struct manager *m, const struct uevent *e) {
        if (!m->picture)
                return false;
        if (e->subject == UEVENT_CHANNEL)
                return e->action == UEVENT_REMOVE;
        return e->subject == UEVENT_DEVICE && (e->action == UEVENT_REMOVE || e->action == UEVENT_UNBIND);
}

static void on_uevent(const struct uevent *e, void *data) {
        struct manager *m = data;
        struct tracked *t = e->subject == UEVENT_DEVICE ? tracking_find(&m->tracking, &e->instance) : NULL;
        bool waits_for_us = m->gate.was_closed && e->action == UEVENT_ADD;

        if (t && (e->action == UEVENT_ADD || e->action == UEVENT_REMOVE))
                t->recheck = true;
        if (hvsock_is_routine(&m->hvsock, e, m->picture ? m->picture->guest : NULL) && !waits_for_us) {
                manager_reconcile_after(m, HVSOCK_PACE_USEC);
                return;
        }
        if (t && e->action == UEVENT_UNBIND && t->running == PLAN_BLOCK && !t->hangs)
                return; /* our helper's doing, who tells more exactly when, and whose end makes us look */
        manager_settle_arrivals(m);
        exposures_event(m, e, t);
        if (is_farewell(m, e) && manager_reconcile_at(m, now_usec(CLOCK_MONOTONIC) + FAREWELL_USEC) >= 0) {
                if (t && e->action == UEVENT_REMOVE)
                        t->leaving = true;
                return;
        }
        if (e->subject == UEVENT_DRIVER && e->action == UEVENT_ADD)
                gate_driver_came(&m->gate);
        if (awaits_channels(m, e) && manager_reconcile_at(m, now_usec(CLOCK_MONOTONIC) + ARRIVALS_USEC) >= 0)
                return;
        arrivals_note(&m->arrivals, e);
        manager_judge_soon(m);
}

static void on_lost(int error, void *data) {
        struct manager *m = data;
        char number[16];

        snprintf(number, sizeof(number), "%d", -error);
        log_entry(LOG_WARNING, MESSAGE_EVENTS_LOST, LOG_FIELDS({ "ERRNO", number }),
                "events were lost (%s): looking at everything again", errno_text(error));
        m->counters.rescans++;
        exposures_lost(m);
        gate_driver_came(&m->gate);
        for (size_t i = 0; i < m->tracking.n; i++)
                m->tracking.devices[i].recheck = true;
        manager_reconcile_soon(m);
}

/* Whoever forges one can forge many: told at the first, the second, the fourth, ... */
static void on_forged(const char *what, void *data) {
        const struct manager *m = data;
        uint64_t n = uevents_counters(m->uevents).forged;

        if ((n & (n - 1)) == 0)
                log_entry(LOG_WARNING, MESSAGE_EVENT_FORGED, LOG_FIELDS({ "REASON", what }),
                        "ignored a forged event (%llu so far): %s", (unsigned long long)n, what);
}

const struct uevents_handler manager_uevents_handler = {
        .event = on_uevent,
        .lost = on_lost,
        .forged = on_forged,
};

static void on_ended(const struct guid *instance, enum plan_verb verb, int r,
        const struct apply_result *result, const char *why, void *data) {
        struct manager *m = data;
        struct tracked *t = tracking_find(&m->tracking, instance);

        manager_settle_arrivals(m);
        m->counters.actions++;
        manager_reconcile_soon(m);
        if (gate_ended(m, verb, r, result, why) || !t)
                return;
        exposures_ended(t, verb == PLAN_BLOCK && r >= 0 && result->effective && !t->renewed ? result : NULL);
        t->running = PLAN_NOTHING;
        t->hangs = false;
        if (t->renewed || r == -ENODEV || r == -ECHILD) {
                /* it says nothing about the device that is there now, on which it may have left our override
                 */
                t->renewed = false;
                t->enforcement = ENFORCEMENT_NONE;
                t->noted = tracking_is_noted(m->o.state->folder, &t->instance);
                t->problem[0] = 0;
        } else if (r < 0 || !result->effective)
                manager_failed(m, t, verb, r < 0 ? why : result->what);
        else if (verb == PLAN_ADMIT) {
                t->enforcement = ENFORCEMENT_NONE; /* the facts speak: it has a driver, or there is none */
                t->admitted = t->admitting;
                t->problem[0] = 0;
                t->tries = 0; /* the next try is for the next driver, and need not wait */
        } else if (verb == PLAN_HALT) {
                t->enforcement = ENFORCEMENT_NONE; /* nothing holds the device: it violates as before */
                t->problem[0] = 0;
        } else {
                t->enforcement = verb == PLAN_BLOCK ? ENFORCEMENT_BLOCKED : ENFORCEMENT_RELEASED;
                t->noted = verb == PLAN_BLOCK;
                t->problem[0] = 0;
                if (result->what[0])
                        log_warning("%s: done, but %s", plan_verb_to_string(verb), result->what);
        }
}

static void on_hangs(const struct guid *instance, enum plan_verb verb, bool given_up, void *data) {
        struct manager *m = data;
        struct tracked *t = tracking_find(&m->tracking, instance);

        manager_reconcile_soon(m); /* whoever waits for a helper need not wait for this one */
        if (gate_hangs(m, verb, given_up) || !t)
                return;
        t->running = verb; /* one that was adopted was not known to */
        t->hangs = true;
        if (given_up)
                manager_failed(m, t, verb, "the kernel has not answered: the helper is left to itself");
        else
                tracked_set_problem(t, "the kernel has not answered yet");
}

const struct workers_handler manager_workers_handler = {
        .ended = on_ended,
        .hangs = on_hangs,
};
