/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Telling: each decision once, to the journal, the decision log and the observers. What a restart finds as
 * it was left is not told again.
 */
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"
#include "lib/policy/decision-text.h"

uint64_t announce_time_usec(void) {
        return now_usec(CLOCK_REALTIME);
}

static int write_record(struct manager *m, struct decision_record *r, struct diag *d) {
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&m->policy->digest, digest);
        r->time_usec = announce_time_usec();
        r->policy = digest;
        return decision_log_append(m->log, r, d);
}

/* Tells the log how much it lacks, for its chain does not show that. */
static int write_gap(struct manager *m, struct diag *d) {
        struct decision_record gap = { .event = "gap" };
        char text[64];
        int r;

        if (m->unlogged == 0)
                return 0;
        snprintf(text, sizeof(text), "%llu could not be written", (unsigned long long)m->unlogged);
        gap.reason = text;
        r = write_record(m, &gap, d);
        if (r >= 0)
                m->unlogged = 0;
        return r;
}

/* No reason not to enforce; told once for each gap, and in the state as long as this cvmd runs. */
static void log_is_lacking(struct manager *m, const char *why) {
        char *trouble;

        if (m->unlogged++ > 0)
                return;
        log_error("the decision log cannot be written: %s", why);
        if (asprintf(&trouble, "the decision log is not complete: %s", why) < 0)
                return;
        free(m->log_trouble);
        m->log_trouble = trouble;
        manager_reconcile_soon(m); /* so that the state has it */
}

static void append(struct manager *m, struct decision_record *r) {
        struct diag d = {};

        if (write_gap(m, &d) < 0 || write_record(m, r, &d) < 0)
                log_is_lacking(m, d.text);
}

static bool is_repeated(const struct manager *m, struct decision_record r) {
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&m->policy->digest, digest);
        r.policy = digest;
        return decision_log_repeats(m->log, &r) > 0; /* if that cannot be told: once too often, then */
}

static void append_unless_repeated(struct manager *m, struct decision_record *r) {
        if (!is_repeated(m, *r))
                append(m, r);
}

void announce_boot(struct manager *m) {
        struct decision_record start = { .event = "start" };

        if (decision_log_sequence(m->log) == 0)
                append(m, &start);
}

void announce_policy(struct manager *m) {
        struct decision_record policy = { .event = "policy" }, mode = { .event = "mode" };
        enum policy_mode override = trial_mode(m);
        const char *word = policy_mode_to_string(override != MODE_UNSET ? override : m->policy->mode);
        char digest[DIGEST_TEXT_SIZE];

        append_unless_repeated(m, &policy);
        mode.reason = word;
        append_unless_repeated(m, &mode);
        digest_format(&m->policy->digest, digest);
        log_entry(LOG_INFO, MESSAGE_POLICY, LOG_FIELDS({ "POLICY", digest }),
                "policy %s: %zu rule%s from %zu file%s", digest, m->policy->n_rules,
                m->policy->n_rules == 1 ? "" : "s", m->policy->n_files, m->policy->n_files == 1 ? "" : "s");
        if (override != MODE_UNSET)
                log_entry(LOG_NOTICE, MESSAGE_MODE, LOG_FIELDS({ "MODE", word }),
                        "the mode is %s, by %s: the policy says %s", word,
                        m->o.mode != MODE_UNSET ? "override" : "a trial that fell back",
                        policy_mode_to_string(m->policy->mode));
}

static int verdict_priority(enum verdict v) {
        switch (v) {
        case VERDICT_UNSET:
        case VERDICT_ALLOWED:
                return LOG_INFO;
        case VERDICT_BLOCKED:
        case VERDICT_PENDING:
                return LOG_NOTICE;
        case VERDICT_VIOLATING:
        case VERDICT_PROTECTED:
                return LOG_WARNING;
        case VERDICT_FAILED:
        case _VERDICT_MAX:
                break;
        }
        return LOG_ERR;
}

/* Of hv_sock connections the decision is about their service: that names it, and once is enough. */
static bool is_told_of_service(struct manager *m, const struct device *d,
        const struct decision_record *record) {
        _cleanup_(freep) char *text = NULL;

        if (!d->hvsock)
                return false;
        if (asprintf(&text, "%s %s", record->verdict, record->rule) < 0) {
                text = NULL;
                return false;
        }
        return hvsock_was_told(&m->hvsock, &d->class, text) || is_repeated(m, *record);
}

/*
 * At a start a helper confirms what the log has as blocked and what has had no driver since. That this takes
 * its time is no decision: what comes of it is told where it is anything but blocked.
 */
static bool is_being_confirmed(const struct manager *m, const struct tracked *t,
        const struct decision *decision, enum verdict verdict, struct decision_record r) {
        r.verdict = verdict_to_string(VERDICT_BLOCKED);
        r.reason = decision->reason;
        return verdict == VERDICT_PENDING && t->running == PLAN_BLOCK && t->from_start && !t->was_bound &&
                is_repeated(m, r);
}

/* An earlier cvmd has told this. Whoever was bound and is blocked was blocked anew. */
static bool is_told_before(const struct manager *m, const struct tracked *t, enum verdict verdict,
        const struct decision_record *r) {
        return t->from_start && !(verdict == VERDICT_BLOCKED && t->was_bound) && is_repeated(m, *r);
}

static void announce_verdict(struct manager *m, struct picture *p, size_t i) {
        const struct device *device = &p->guest->devices[i];
        const struct picture_device *shown = &p->devices[i];
        char buffer[GUID_TEXT_SIZE], service[GUID_TEXT_SIZE];
        struct decision_record record = {
                .event = "decision",
                .instance = device->hvsock ? service : device->instance_text,
                .class = device_class_name(device, buffer),
                .verdict = verdict_to_string(shown->verdict),
                .rule = decision_rule_text(&p->evaluation->decisions[i]),
                .reason = shown->reason,
        };
        struct tracked *t = &m->tracking.devices[i];
        _cleanup_(freep) char *text = NULL;
        bool told_before;

        guid_format(&device->class, service);
        if (is_being_confirmed(m, t, &p->evaluation->decisions[i], shown->verdict, record))
                return;
        if (asprintf(&text, "%s %s %s", record.verdict, record.rule, record.reason) < 0)
                text = NULL; /* told once too often, then */
        if (text && t->announced && strcmp(text, t->announced) == 0)
                return;
        free(t->announced);
        t->announced = TAKE(text);
        told_before = is_told_before(m, t, shown->verdict, &record);
        t->from_start = false;
        if (told_before || is_told_of_service(m, device, &record))
                return;
        append(m, &record);
        m->counters.decisions++;
        log_entry(verdict_priority(shown->verdict), MESSAGE_DECISION,
                LOG_FIELDS({ "DEVICE", record.instance }, { "CLASS", record.class },
                        { "VERDICT", record.verdict }, { "RULE", record.rule }, { "REASON", record.reason }),
                "%s %s is %s by %s: %s", record.class, record.instance, record.verdict, record.rule,
                record.reason);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->decided)
                        o->decided(p, i, o->data);
}

void announce_verdicts(struct manager *m, struct picture *p) {
        for (size_t i = 0; i < p->guest->n_devices; i++)
                if (!p->devices[i].busy)
                        announce_verdict(m, p, i);
        p->log_sequence = decision_log_sequence(m->log);
        p->log_head = decision_log_head(m->log);
}

void announce_state(struct manager *m, const struct picture *p) {
        const char *word = guest_state_to_string(p->state);

        if (p->busy || p->state == m->announced_state)
                return;
        m->announced_state = p->state;
        log_entry(LOG_NOTICE, MESSAGE_STATE, LOG_FIELDS({ "STATE", word }), "this guest is %s", word);
}

static bool is_among(const char *text, const struct picture *p) {
        for (size_t i = 0; p && i < p->n_warnings; i++)
                if (strcmp(p->warnings[i], text) == 0)
                        return true;
        return false;
}

void announce_warnings(const struct picture *before, const struct picture *after) {
        for (size_t i = 0; i < after->n_warnings; i++)
                if (!is_among(after->warnings[i], before))
                        log_entry(LOG_WARNING, MESSAGE_WARNING, LOG_FIELDS({ "REASON", after->warnings[i] }),
                                "%s", after->warnings[i]);
}

void announce_rebound(struct manager *m, const struct device *d, unsigned times) {
        struct decision_record record = { .event = "rebound",
                .instance = d->instance_text,
                .reason = d->driver };
        char count[16];

        m->counters.rebounds++;
        append(m, &record);
        snprintf(count, sizeof(count), "%u", times);
        log_entry(LOG_WARNING, MESSAGE_REBOUND,
                LOG_FIELDS({ "DEVICE", d->instance_text }, { "DRIVER", d->driver }, { "TIMES", count }),
                "%s was blocked, and somebody bound it to %s (%u times so far)", d->instance_text,
                d->driver ?: "a driver", times);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->rebound)
                        o->rebound(d, times, o->data);
}

/* "would be blocked by strict, and is allowed" */
void announce_tried(struct manager *m, const struct picture *p, size_t i) {
        const struct device *device = &p->guest->devices[i];
        const struct picture_tried *d = &p->tried->devices[i];
        const char *now = verdict_to_string(d->verdict), *tried = verdict_to_string(d->tried);
        char buffer[GUID_TEXT_SIZE];
        const char *class = device_class_name(device, buffer);

        if (d->differs)
                log_entry(LOG_NOTICE, MESSAGE_TRIED,
                        LOG_FIELDS({ "DEVICE", device->instance_text }, { "CLASS", class },
                                { "VERDICT", now }, { "TRIED_VERDICT", tried }, { "RULE", d->rule },
                                { "REASON", d->reason }),
                        "tried policy: %s %s would be %s by %s, not %s: %s", class, device->instance_text,
                        tried, d->rule, now, d->reason);
        else
                log_entry(LOG_NOTICE, MESSAGE_TRIED,
                        LOG_FIELDS({ "DEVICE", device->instance_text }, { "CLASS", class },
                                { "VERDICT", now }, { "TRIED_VERDICT", tried }),
                        "tried policy: %s %s would be %s, as it is", class, device->instance_text, now);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->tried)
                        o->tried(p, i, o->data);
}

void announce_by_hand(struct manager *m, const struct guid *instance, const char *format, ...) {
        char text[GUID_TEXT_SIZE], what[256];
        struct decision_record record = {
                .event = "by-hand",
                .instance = text,
                .reason = what,
        };
        va_list ap;

        va_start(ap, format);
        vsnprintf(what, sizeof(what), format, ap);
        va_end(ap);
        guid_format(instance, text);
        append(m, &record);
        log_entry(LOG_NOTICE, MESSAGE_BY_HAND, LOG_FIELDS({ "DEVICE", text }, { "REASON", what }),
                "by hand, %s: %s", text, what);
}

void announce_trial(struct manager *m, int priority, const char *format, ...) {
        struct decision_record record = { .event = "trial" };
        char what[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(what, sizeof(what), format, ap);
        va_end(ap);
        record.reason = what;
        append_unless_repeated(m, &record);
        log_entry(priority, MESSAGE_TRIAL, LOG_FIELDS({ "REASON", what }), "trial of enforcement: %s", what);
}

void announce_halt(struct manager *m, const struct device *d, const char *why) {
        if (m->halted)
                return;
        m->halted = true;
        log_entry(LOG_EMERG, NULL, LOG_FIELDS({ "DEVICE", d->instance_text }, { "REASON", why }),
                "%s: the policy halts this guest: %s", d->instance_text, why);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->halt)
                        o->halt(why, o->data);
}
