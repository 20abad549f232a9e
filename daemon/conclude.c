/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was judged and what became of it so far, as one picture for everybody. */
#include <errno.h>
#include <string.h>

#include "daemon/manager-private.h"
#include "daemon/trial.h"

/* While every helper hangs, waiting for one is no state that is about to end. */
bool manager_is_busy(const struct manager *m, const struct tracked *t, const struct device *d,
        uint64_t now) {
        return (t->running != PLAN_NOTHING && !t->hangs) || (t->waiting && !workers_all_hang(m->workers)) ||
                tracked_is_arriving(t, d, now);
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
int manager_conclude(struct manager *m, struct picture *p, uint64_t now) {
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
                out->busy = manager_is_busy(m, t, device, now);
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

void manager_show(struct manager *m, struct picture *p) {
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
