/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was decided, carried out: a helper for each step of the plan. What fails is told once, and tried
 * again ever later.
 */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"

/* What the plan may know of a device: while a helper works on it, or it comes or goes, it is left alone. */
static int held_new(const struct manager *m, const struct guest *g, uint64_t now, struct held **ret) {
        struct held *held = calloc(g->n_devices + 1, sizeof(*held));

        if (!held)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_devices; i++) {
                struct tracked *t = &m->tracking.devices[i];

                held[i] = (struct held){
                        .instance = t->instance,
                        .state = t->recheck ? ENFORCEMENT_NONE : t->enforcement,
                        .noted = t->noted,
                        .withheld = gate_withholds(m, g, &g->devices[i], t),
                };
                if (t->running != PLAN_NOTHING || t->leaving || tracked_is_arriving(t, &g->devices[i], now))
                        held[i].state = ENFORCEMENT_PENDING;
        }
        *ret = held;
        return 0;
}

void manager_failed(struct manager *m, struct tracked *t, enum plan_verb verb, const char *why) {
        char instance[GUID_TEXT_SIZE];

        m->counters.actions_failed++;
        t->enforcement = ENFORCEMENT_FAILED;
        if (strncmp(t->problem, why, sizeof(t->problem) - 1) == 0)
                return;
        tracked_set_problem(t, why);
        guid_format(&t->instance, instance);
        log_entry(LOG_ERR, MESSAGE_ACTION, LOG_FIELDS({ "DEVICE", instance }, { "REASON", t->problem }),
                "%s: %s: %s", instance, plan_verb_to_string(verb), t->problem);
}

static int start(struct manager *m, struct tracked *t, enum plan_verb verb, uint64_t now) {
        const struct apply_device device = { t->instance, t->inode };
        struct diag d = {};
        int r = workers_start(m->workers, verb, &device, &d);

        t->waiting = r == -EAGAIN;
        if (t->waiting)
                return 0; /* the end of another helper makes us look again */
        if (r == -EBUSY)  /* adopted, or sent to an object that is gone: its end says nothing of this one */
                t->renewed = true;
        else {
                t->last_try = now;
                t->tries++;
        }
        if (r < 0 && r != -EBUSY) {
                manager_failed(m, t, verb, d.text);
                return manager_reconcile_at(m, tracked_next_try(t, now));
        }
        t->recheck = false;
        t->running = verb;
        t->admitting = m->gate.round;
        t->hangs = false;
        if (verb == PLAN_BLOCK)
                t->noted = true;
        /* what failed stays so until it succeeds, and what is only confirmed is not in doubt */
        if (t->enforcement == ENFORCEMENT_NONE || t->enforcement == ENFORCEMENT_RELEASED ||
                verb == PLAN_RELEASE)
                t->enforcement = ENFORCEMENT_PENDING;
        return 0;
}

/* Isolates each device that a rule halts for, and powers off without waiting for that: a helper may hang. */
static int halt(struct manager *m, struct tracked *t, const struct device *device, const char *why,
        uint64_t now) {
        int r = t->isolated ? 0 : start(m, t, PLAN_HALT, now);

        t->isolated = !t->waiting;
        announce_halt(m, device, why);
        return r;
}

int manager_act(struct manager *m, const struct picture *p, uint64_t now, struct diag *d) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        _cleanup_(freep) struct held *held = NULL;
        int r = gate_follow(m, p, now);

        if (r >= 0)
                r = held_new(m, p->guest, now, &held);
        if (r >= 0)
                r = plan_make(p->guest, p->evaluation, held, p->guest->n_devices, &plan);
        if (r < 0)
                return diag_errno(d, r, "cannot plan");
        gate_planned(&m->gate, plan);
        for (size_t i = 0; i < m->tracking.n; i++)
                m->tracking.devices[i].waiting = false;
        for (size_t i = 0; i < plan->n && r >= 0; i++) {
                const struct plan_step *step = &plan->steps[i];
                const struct device *device = &p->guest->devices[step->device];
                struct tracked *t = &m->tracking.devices[step->device];
                uint64_t when = tracked_next_try(t, now);

                if (step->rebound) {
                        t->enforcement = ENFORCEMENT_NONE; /* so that this is told once */
                        announce_rebound(m, device, ++t->rebounds);
                }
                if (step->verb == PLAN_HALT)
                        r = halt(m, t, device, p->evaluation->decisions[step->device].reason, now);
                else if (when > now)
                        r = manager_reconcile_at(m, when);
                else
                        r = start(m, t, step->verb, now);
        }
        return r < 0 ? diag_errno(d, r, "cannot plan the next look") : 0;
}
