/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flow, the same after every event: look, judge, plan, act, show. Nothing in it waits: actions run in
 * helper processes, and their ends are events like all others. What has just come is judged first, on top of
 * the last look, so that it need not wait for a look at everything, which then follows.
 */
#include <errno.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"
#include "lib/facts/snapshot-record.h"

#define PACE_USEC (250 * (uint64_t)1000) /* between a look and the next one that is not urgent */

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

void manager_judge_soon(struct manager *m) {
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
        manager_judge_soon(m);
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

void manager_reconcile_after(struct manager *m, uint64_t usec) {
        int r = manager_reconcile_at(m, m->looked_at + usec);

        if (r < 0) {
                log_error("cannot go on: %s", errno_text(r));
                (void)sd_event_exit(m->o.event, r);
        }
}

void manager_reconcile_calmly(void *data) {
        manager_reconcile_after(data, PACE_USEC);
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

/* What is kept for now is looked at again when that ends. */
static int keep_protection(struct manager *m, const struct picture *p, uint64_t now) {
        uint64_t next;
        int r = keep_follow(m->keep, p->guest, p->evaluation, &m->tracking, now, &next);

        return r < 0 || next == UINT64_MAX ? r : manager_reconcile_at(m, next);
}

void manager_settle_arrivals(struct manager *m) {
        _cleanup_(picture_freep) struct picture *p = TAKE(m->arrived);

        if (p) /* no event has been noted since */
                exposures_follow(m, p, &m->arrivals, now_usec(CLOCK_MONOTONIC));
}

int manager_reconcile(struct manager *m, struct diag *d) {
        _cleanup_(picture_freep) struct picture *p = NULL;
        uint64_t now;
        int r;

        manager_settle_arrivals(m);
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
        r = manager_act(m, p, now, d);
        if (r < 0)
                return r;
        r = manager_conclude(m, p, now);
        if (r < 0)
                return diag_errno(d, r, "cannot conclude");
        r = tried_policy_judge(m, p, now);
        if (r < 0)
                return diag_errno(d, r, "cannot judge by the policy being tried");
        exposures_follow(m, p, NULL, now);
        gate_settle(m, p);
        manager_show(m, TAKE(p));
        exposures_arm(m); /* after what is urgent */
        exposures_keep(m, 0);
        return 0;
}

/* A look at everything would be in the way of a helper that works on what has come: its end makes us look.
 */
static int look_after_arrivals(struct manager *m, const struct picture *p, uint64_t now) {
        bool busy = false;

        for (size_t i = 0; i < m->tracking.n; i++)
                busy = busy || manager_is_busy(m, &m->tracking.devices[i], &p->guest->devices[i], now);
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

        manager_settle_arrivals(m);
        if (!m->picture || m->picture->evaluation->gated || look(m, &arrivals, &p, &d) < 0)
                return false;
        now = now_usec(CLOCK_MONOTONIC);
        if (tracking_follow(&m->tracking, p->guest, &arrivals, m->o.state->folder, now) < 0 ||
                manager_act(m, p, now, &d) < 0)
                return false;
        m->counters.arrivals++;
        m->arrived = TAKE(p);
        return look_after_arrivals(m, m->arrived, now) >= 0;
}
