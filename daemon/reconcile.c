/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flow, the same after every event: look, judge, plan, act, show. Nothing in it waits: actions run in
 * helper processes, and their ends are events like all others. What has just come is judged first, on top of
 * the last look, so that it need not wait for a look at everything, which then follows.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"
#include "lib/facts/snapshot-record.h"

#define ARRIVALS_USEC (100 * (uint64_t)1000) /* until all is looked at when something has come */
#define PACE_USEC (250 * (uint64_t)1000)     /* between a look and the next one that is not urgent */
#define HVSOCK_PACE_USEC \
        (2 * 1000 * (uint64_t)1000) /* the same, for connections to services that are known */

uint64_t now_usec(clockid_t clock) {
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* When we cannot even look, we end: systemd starts us again, and what is blocked stays blocked. */
static int reconcile_or_end(struct manager *m) {
        struct diag d = {};
        int r = manager_reconcile(m, &d);

        if (r < 0)
                log_error("%s", d.text[0] ? d.text : errno_text(r));
        return r < 0 ? sd_event_exit(m->o.event, r) : 0;
}

static bool judge_arrivals(struct manager *m);

static int on_soon(sd_event_source *source, void *userdata) {
        struct manager *m = userdata;

        return arrivals_alone(&m->arrivals) && judge_arrivals(m) ? 0 : reconcile_or_end(m);
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        return reconcile_or_end(userdata);
}

static void look_soon(struct manager *m) {
        int r = m->soon ? 0 : sd_event_add_defer(m->o.event, &m->soon, on_soon, m);

        if (r >= 0)
                r = sd_event_source_set_enabled(m->soon, SD_EVENT_ONESHOT);
        if (r < 0) {
                log_error("cannot go on: %s", errno_text(r));
                (void)sd_event_exit(m->o.event, r);
        }
}

void manager_reconcile_soon(struct manager *m) {
        m->arrivals.more = true;
        look_soon(m);
}

int manager_reconcile_at(struct manager *m, uint64_t usec) {
        int enabled = SD_EVENT_OFF, r;
        uint64_t planned = 0;

        if (!m->later)
                return sd_event_add_time(m->o.event, &m->later, CLOCK_MONOTONIC, usec, 1000, on_later, m);
        r = sd_event_source_get_enabled(m->later, &enabled);
        if (r >= 0)
                r = sd_event_source_get_time(m->later, &planned);
        if (r < 0)
                return r;
        if (enabled != SD_EVENT_OFF && planned <= usec)
                return 0;
        r = sd_event_source_set_time(m->later, usec);
        return r < 0 ? r : sd_event_source_set_enabled(m->later, SD_EVENT_ONESHOT);
}

/* That long after the last look. */
static void reconcile_after(struct manager *m, uint64_t usec) {
        int r = manager_reconcile_at(m, m->looked_at + usec);

        if (r < 0) {
                log_error("cannot go on: %s", errno_text(r));
                (void)sd_event_exit(m->o.event, r);
        }
}

void manager_reconcile_calmly(void *data) {
        reconcile_after(data, PACE_USEC);
}

int manager_judging(const struct manager *m, uint64_t now, struct evaluation_options *ret) {
        size_t n;
        const struct kept_protection *kept = keep_list(m->keep, now, &n);

        if (!kept)
                return -ENOMEM;
        *ret = (struct evaluation_options){
                .mode = trial_mode(m),
                .lets_go = trial_lets_go(m),
                .no_gate = m->o.no_gate,
                .by_hand = m->by_hand,
                .n_by_hand = m->o.release ? 0 : m->n_by_hand,
                .kept = kept,
                .n_kept = n,
        };
        return 0;
}

/* arrivals: only what they add to the last look; NULL: everything. */
static int look(struct manager *m, const struct arrivals *arrivals, struct picture **ret, struct diag *d) {
        const struct snapshot_record_options options = {
                .scope = arrivals && !policy_asks_for_ids(m->policy) ? SNAPSHOT_SCOPE_FIRST_DECISION
                                                                     : SNAPSHOT_SCOPE_DECISIONS,
                .cpuid = m->o.cpuid,
                .probe = m->probe,
                .log = m->o.log,
                .network = m->network ? network_watch_probe(m->network) : NULL,
                .root_awaited = m->o.early,
                .mounts_hold = arrivals && mount_watch_holds(m->mounts),
                .foreign = m->o.foreign,
        };
        _cleanup_(snapshot_freep) struct snapshot *snapshot = NULL;
        uint64_t began = now_usec(CLOCK_BOOTTIME), looked;
        struct evaluation_options judging;
        int r = arrivals ? snapshot_record_arrivals(m->o.root, &options, m->picture->snapshot,
                                   arrivals->instances, arrivals->n, &snapshot, d)
                         : snapshot_record(m->o.root, &options, &snapshot, d);

        if (r < 0)
                return r;
        looked = now_usec(CLOCK_BOOTTIME);
        r = manager_judging(m, now_usec(CLOCK_MONOTONIC), &judging);
        if (r >= 0)
                r = picture_new(TAKE(snapshot), m->policy, &judging, ret);
        if (r < 0)
                return diag_errno(d, r, "cannot judge the guest");
        (*ret)->began = began;
        (*ret)->looked = looked;
        (*ret)->judged = now_usec(CLOCK_BOOTTIME);
        return 0;
}

/* While every helper hangs, waiting for one is no state that is about to end. */
static bool is_busy(const struct manager *m, const struct tracked *t, const struct device *d, uint64_t now) {
        return (t->running != PLAN_NOTHING && !t->hangs) || (t->waiting && !workers_all_hang(m->workers)) ||
                tracked_is_arriving(t, d, now);
}

/* What the plan may know of a device: while a helper works on it or it is arriving, it is left alone. */
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
                if (t->running != PLAN_NOTHING || tracked_is_arriving(t, &g->devices[i], now))
                        held[i].state = ENFORCEMENT_PENDING;
        }
        *ret = held;
        return 0;
}

static void set_problem(struct tracked *t, const char *why) {
        snprintf(t->problem, sizeof(t->problem), "%.*s", (int)sizeof(t->problem) - 1, why);
}

/* What goes wrong in the same way again is not told again. */
static void fail(struct manager *m, struct tracked *t, enum plan_verb verb, const char *why) {
        char instance[GUID_TEXT_SIZE];

        m->counters.actions_failed++;
        t->enforcement = ENFORCEMENT_FAILED;
        if (strncmp(t->problem, why, sizeof(t->problem) - 1) == 0)
                return;
        set_problem(t, why);
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
                fail(m, t, verb, d.text);
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

static int act(struct manager *m, const struct picture *p, uint64_t now, struct diag *d) {
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

/* Two policies in one boot: what the initrd had is older, or was never packed again. */
static int warn_of_initrd(const struct manager *m, struct picture *p) {
        char digest[DIGEST_TEXT_SIZE], text[DIGEST_TEXT_SIZE + 160];

        digest_format(&m->policy->digest, digest);
        if (!m->early_policy[0] || strcmp(m->early_policy, digest) == 0)
                return 0;
        snprintf(text, sizeof(text),
                "the initrd enforced another policy, %s: pack it anew with update-initramfs -u or dracut "
                "--force",
                m->early_policy);
        return picture_warn(p, text);
}

/* Verdicts, from what was decided and what enforcement has seen so far. */
static int conclude(struct manager *m, struct picture *p, uint64_t now) {
        _cleanup_(freep) enum verdict *verdicts = calloc(p->guest->n_devices + 1, sizeof(*verdicts));
        int r;

        if (!verdicts)
                return -ENOMEM;
        for (size_t i = 0; i < p->guest->n_devices; i++) {
                const struct device *device = &p->guest->devices[i];
                const struct decision *decision = &p->evaluation->decisions[i];
                const struct tracked *t = &m->tracking.devices[i];
                struct picture_device *out = &p->devices[i];
                bool arriving = tracked_is_arriving(t, device, now), troubled;

                out->verdict = verdict_of(decision, device, arriving ? ENFORCEMENT_PENDING : t->enforcement);
                out->busy = is_busy(m, t, device, now);
                troubled =
                        t->problem[0] && (out->verdict == VERDICT_PENDING || out->verdict == VERDICT_FAILED);
                out->reason = strdup(troubled ? t->problem : decision->reason ? decision->reason : "");
                if (!out->reason)
                        return -ENOMEM;
                verdicts[i] = out->verdict;
                p->busy = p->busy || out->busy;
                r = arriving ? manager_reconcile_at(m, tracked_arrives_until(t, device)) : 0;
                if (r >= 0 && device->unreadable) /* no event tells when it can be read again */
                        r = manager_reconcile_at(m, now + ARRIVAL_USEC);
                if (r < 0)
                        return r;
        }
        p->busy = p->busy || gate_is_busy(&m->gate);
        p->state = state_of(p->evaluation, verdicts);
        p->gate = gate_state_of(p->evaluation, p->guest);
        p->probe = channel_probe_method(m->probe);
        r = m->policy_trouble ? picture_warn(p, m->policy_trouble) : 0;
        if (r >= 0 && m->log_trouble)
                r = picture_warn(p, m->log_trouble);
        if (r >= 0)
                r = gate_warn(m, p);
        if (r >= 0)
                r = warn_of_initrd(m, p);
        if (r >= 0 && m->target_trouble)
                r = picture_warn(p, m->target_trouble);
        if (r >= 0)
                r = confirm_show(m, p);
        return r < 0 ? r : trial_show(m, p);
}

static void show(struct manager *m, struct picture *p) {
        _cleanup_(picture_freep) struct picture *before = m->picture;
        bool ready = !m->ready && !p->busy;

        announce_warnings(before, p);
        announce_verdicts(m, p);
        announce_state(m, p);
        tried_policy_tell(m, p);
        m->picture = p;
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->replaced)
                        o->replaced(before, p, o->data);
        m->ready = m->ready || ready;
        for (struct manager_observer *o = m->observers; o && ready; o = o->next)
                if (o->ready)
                        o->ready(o->data);
}

/* What is kept for now is looked at again when that ends. */
static int keep_protection(struct manager *m, const struct picture *p, uint64_t now) {
        uint64_t next;
        int r = keep_follow(m->keep, p->guest, p->evaluation, &m->tracking, now, &next);

        return r < 0 || next == UINT64_MAX ? r : manager_reconcile_at(m, next);
}

/* What was put off while a helper was at work: it would have been in its way. */
static void settle_arrivals(struct manager *m) {
        _cleanup_(picture_freep) struct picture *p = TAKE(m->arrived);

        if (p)
                exposures_follow(m, p, now_usec(CLOCK_MONOTONIC));
}

int manager_reconcile(struct manager *m, struct diag *d) {
        _cleanup_(picture_freep) struct picture *p = NULL;
        uint64_t now;
        int r;

        settle_arrivals(m);
        m->arrivals = (struct arrivals){};
        mount_watch_begin(m->mounts);
        r = look(m, NULL, &p, d);
        if (r < 0)
                return r;
        now = now_usec(CLOCK_MONOTONIC);
        m->looked_at = now;
        hvsock_learn(&m->hvsock, p->guest);
        m->counters.looks++;
        r = tracking_follow(&m->tracking, p->guest, NULL, m->o.state->folder, now);
        if (r < 0)
                return diag_errno(d, r, "cannot follow the guest");
        r = keep_protection(m, p, now);
        if (r < 0)
                return diag_errno(d, r, "cannot follow what is protected");
        for (size_t i = 0; !m->picture && i < m->tracking.n; i++)
                m->tracking.devices[i].from_start = true;
        r = act(m, p, now, d);
        if (r < 0)
                return r;
        r = conclude(m, p, now);
        if (r < 0)
                return diag_errno(d, r, "cannot conclude");
        r = tried_policy_judge(m, p, now);
        if (r < 0)
                return diag_errno(d, r, "cannot judge by the policy being tried");
        exposures_follow(m, p, now);
        gate_settle(m, p);
        show(m, TAKE(p));
        exposures_arm(m); /* after what is urgent */
        exposures_keep(m, 0);
        return 0;
}

/* A look at everything would be in the way of a helper that works on what has come: its end makes us look.
 */
static int look_after_arrivals(struct manager *m, const struct picture *p, uint64_t now) {
        bool busy = false;

        for (size_t i = 0; i < m->tracking.n; i++)
                busy = busy || is_busy(m, &m->tracking.devices[i], &p->guest->devices[i], now);
        if (busy)
                return manager_reconcile_at(m, now + ARRIVALS_USEC);
        manager_reconcile_soon(m);
        return 0;
}

/*
 * All that have come since the last look at everything: of a helper that works on one of them, nothing may
 * be forgotten. False where that cannot be done: look at everything. Behind a gate nothing is bound before
 * it is judged, so that there is no hurry.
 */
static bool judge_arrivals(struct manager *m) {
        _cleanup_(picture_freep) struct picture *p = NULL;
        struct arrivals arrivals = m->arrivals;
        struct diag d = {};
        uint64_t now;

        settle_arrivals(m);
        if (!m->picture || m->picture->evaluation->gated || look(m, &arrivals, &p, &d) < 0)
                return false;
        now = now_usec(CLOCK_MONOTONIC);
        if (tracking_follow(&m->tracking, p->guest, &arrivals, m->o.state->folder, now) < 0 ||
                act(m, p, now, &d) < 0)
                return false;
        m->counters.arrivals++;
        m->arrived = TAKE(p);
        return look_after_arrivals(m, m->arrived, now) >= 0;
}

/* Of a device that is not known yet; the event of its channel is about to follow. */
static bool awaits_channels(struct manager *m, const struct uevent *e) {
        return m->picture && !m->picture->evaluation->gated && e->subject == UEVENT_DEVICE &&
                (e->action == UEVENT_ADD || e->action == UEVENT_BIND) &&
                !tracking_find(&m->tracking, &e->instance);
}

static void on_uevent(const struct uevent *e, void *data) {
        struct manager *m = data;
        struct tracked *t = e->subject == UEVENT_DEVICE ? tracking_find(&m->tracking, &e->instance) : NULL;
        bool waits_for_us = m->gate.was_closed && e->action == UEVENT_ADD;

        if (t && (e->action == UEVENT_ADD || e->action == UEVENT_REMOVE))
                t->recheck = true;
        if (hvsock_is_routine(&m->hvsock, e, m->picture ? m->picture->guest : NULL) && !waits_for_us) {
                reconcile_after(m, HVSOCK_PACE_USEC);
                return;
        }
        if (t && e->action == UEVENT_UNBIND && t->running == PLAN_BLOCK && !t->hangs)
                return; /* our helper's doing, who tells more exactly when, and whose end makes us look */
        settle_arrivals(m);
        exposures_event(m, e, t);
        if (e->subject == UEVENT_DRIVER && e->action == UEVENT_ADD)
                gate_driver_came(&m->gate);
        if (awaits_channels(m, e) && manager_reconcile_at(m, now_usec(CLOCK_MONOTONIC) + ARRIVALS_USEC) >= 0)
                return;
        arrivals_note(&m->arrivals, e);
        look_soon(m);
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

        settle_arrivals(m);
        m->counters.actions++;
        manager_reconcile_soon(m);
        if (gate_ended(m, verb, r, result, why) || !t)
                return;
        exposures_ended(t, verb == PLAN_BLOCK && r >= 0 && result->effective && !t->renewed ? result : NULL);
        t->running = PLAN_NOTHING;
        t->hangs = false;
        if (t->renewed || r == -ENODEV || r == -ECHILD) {
                /* it says nothing about the device that is there now */
                t->renewed = false;
                t->enforcement = ENFORCEMENT_NONE;
                t->problem[0] = 0;
        } else if (r < 0 || !result->effective)
                fail(m, t, verb, r < 0 ? why : result->what);
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

        if (gate_hangs(m, verb, given_up))
                manager_reconcile_soon(m);
        if (!t)
                return;
        t->running = verb; /* one that was adopted was not known to */
        t->hangs = true;
        if (given_up)
                fail(m, t, verb, "the kernel has not answered: the helper is left to itself");
        else
                set_problem(t, "the kernel has not answered yet");
        manager_reconcile_soon(m);
}

const struct workers_handler manager_workers_handler = {
        .ended = on_ended,
        .hangs = on_hangs,
};
