/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Judged in the mode that the tried policy itself asks for: an override of the kernel command line is for
 * what is in force, and this never is.
 */
#include "daemon/tried-policy.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "lib/policy/decision-text.h"

void tried_policy_done(struct tried_policy *t) {
        for (size_t i = 0; i < t->n_told; i++)
                free(t->told[i].text);
        free(t->told);
        sd_event_source_unref(t->end);
        policy_free(t->policy);
        *t = (struct tried_policy){};
}

/* A halt is no verdict, and more than any of them. */
static bool halts(const struct decision *decision, enum policy_mode mode) {
        return decision->violates && decision->action == ACTION_HALT && mode == MODE_ENFORCE;
}

/* ret has both verdicts already. */
static int tell_apart(const struct decision *now, enum policy_mode mode_now, const struct decision *tried,
        enum policy_mode mode_tried, struct picture_tried *ret) {
        bool halt = halts(tried, mode_tried);

        ret->differs = ret->verdict != ret->tried || halt != halts(now, mode_now);
        if (!ret->differs)
                return 0;
        ret->rule = strdup(decision_rule_text(tried));
        if (asprintf(&ret->reason, "%s%s", halt ? "the guest would be halted: " : "", tried->reason ?: "") <
                0)
                ret->reason = NULL;
        return ret->rule && ret->reason ? 0 : -ENOMEM;
}

/* Both verdicts of each device, as they will be once all is done. */
static int compare_all(const struct manager *m, const struct picture *p, const struct evaluation *tried,
        struct picture_tried_policy *t) {
        for (size_t i = 0; i < p->guest->n_devices; i++) {
                const struct device *device = &p->guest->devices[i];
                enum enforcement held = m->tracking.devices[i].enforcement;
                const struct decision *now = &p->evaluation->decisions[i], *then = &tried->decisions[i];
                struct picture_tried *out = &t->devices[i];
                int r;

                out->verdict = verdict_intended(p->evaluation, now, device, held);
                out->tried = verdict_intended(tried, then, device, held);
                r = tell_apart(now, p->evaluation->mode, then, tried->mode, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

int tried_policy_judge(struct manager *m, struct picture *p, uint64_t now) {
        struct evaluation_options how;
        _cleanup_(evaluation_freep) struct evaluation *tried = NULL;
        int r;

        if (!m->tried.policy)
                return 0;
        r = manager_judging(m, now, &how);
        if (r < 0)
                return r;
        how.mode = MODE_UNSET;
        how.lets_go = false;
        r = picture_add_tried(p, &m->tried.policy->digest, m->tried.until);
        if (r >= 0)
                r = policy_evaluate(m->tried.policy, p->guest, &how, &tried);
        return r < 0 ? r : compare_all(m, p, tried, p->tried);
}

static struct tried_told *find_told(const struct tried_policy *t, const struct guid *instance) {
        for (size_t low = 0, high = t->n_told; low < high;) {
                size_t middle = low + (high - low) / 2;
                int order = guid_compare(instance, &t->told[middle].instance);

                if (order == 0)
                        return &t->told[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

/* Once for each difference, and once when it is gone. */
static void tell_device(struct manager *m, const struct picture *p, size_t i, struct tried_told *told) {
        const struct picture_tried *d = &p->tried->devices[i];
        _cleanup_(freep) char *text = NULL;

        if (d->differs &&
                asprintf(&text, "%d %d %s %s", (int)d->verdict, (int)d->tried, d->rule, d->reason) < 0)
                text = NULL;
        if (!d->differs && !told->text)
                return;
        if (text && told->text && strcmp(text, told->text) == 0)
                return;
        free(told->text);
        told->text = TAKE(text);
        announce_tried(m, p, i);
}

void tried_policy_tell(struct manager *m, const struct picture *p) {
        struct tried_policy *t = &m->tried;
        size_t n = p->guest->n_devices;
        struct tried_told *told;

        if (!p->tried)
                return;
        told = calloc(n + 1, sizeof(*told));
        if (!told)
                return;
        for (size_t i = 0; i < n; i++) {
                struct tried_told *before = find_told(t, &p->guest->devices[i].instance);

                told[i].instance = p->guest->devices[i].instance;
                if (before)
                        told[i].text = TAKE(before->text);
                tell_device(m, p, i, &told[i]);
        }
        for (size_t i = 0; i < t->n_told; i++)
                free(t->told[i].text); /* of devices that are gone */
        free(t->told);
        t->told = told;
        t->n_told = n;
}

static void end(struct manager *m, const char *why) {
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&m->tried.policy->digest, digest);
        tried_policy_done(&m->tried);
        log_entry(LOG_NOTICE, MESSAGE_TRY, LOG_FIELDS({ "POLICY", digest }),
                "policy %s is no longer being tried: %s", digest, why);
}

static int on_end(sd_event_source *source, uint64_t usec, void *userdata) {
        struct manager *m = userdata;

        end(m, "its time is up");
        manager_reconcile_soon(m); /* so that the picture has it no more */
        return 0;
}

int manager_check_try(uint64_t seconds, struct diag *d) {
        if (seconds >= 1 && seconds <= TRY_SECONDS_MAX)
                return 0;
        return diag_fail(d, -EINVAL, "a policy can be tried for 1 to %llu seconds",
                (unsigned long long)TRY_SECONDS_MAX);
}

int manager_try(struct manager *m, struct policy *policy, uint64_t seconds, uint64_t *ret_until,
        struct diag *d) {
        _cleanup_(tried_policy_done) struct tried_policy t = { .policy = policy };
        char digest[DIGEST_TEXT_SIZE];
        int r;

        t.until = now_usec(CLOCK_BOOTTIME) + seconds * 1000000;
        r = sd_event_add_time_relative(m->o.event, &t.end, CLOCK_BOOTTIME, seconds * 1000000, 0, on_end, m);
        if (r < 0)
                return diag_errno(d, r, "tried");
        digest_format(&t.policy->digest, digest);
        if (m->tried.policy)
                end(m, "another one is");
        m->tried = t;
        t = (struct tried_policy){};
        log_entry(LOG_NOTICE, MESSAGE_TRY, LOG_FIELDS({ "POLICY", digest }),
                "policy %s is being tried for %llu s: what it would do differently is told, and not done",
                digest, (unsigned long long)seconds);
        r = manager_reconcile(m, d);
        if (r < 0) {
                end(m, "the guest cannot be judged");
                return r;
        }
        *ret_until = m->tried.until;
        return 0;
}

int manager_end_try(struct manager *m, struct diag *d) {
        if (!m->tried.policy)
                return diag_fail(d, -ENODATA, "no policy is being tried");
        end(m, "ended by hand");
        return manager_reconcile(m, d);
}
