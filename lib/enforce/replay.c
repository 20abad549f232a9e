/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First all entries, for whether a decision is the last one shows only then; then one after the other. */
#include "lib/enforce/replay.h"

#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/policy/decision-text.h"

#define BY_HAND_ID "by-hand-" /* as lib/policy/by-hand-file gives them */

static const char *const outcomes[] = {
        [REPLAY_NOT_JUDGED] = "not-judged",
        [REPLAY_SAME] = "same",
        [REPLAY_DIFFERS] = "differs",
        [REPLAY_SUPERSEDED] = "superseded",
        [REPLAY_OTHER_POLICY] = "other-policy",
        [REPLAY_GONE] = "gone",
};
_Static_assert(N_NAMES(outcomes) == _REPLAY_OUTCOME_MAX, "every outcome has a name");

const char *replay_outcome_to_string(enum replay_outcome o) {
        return name_of(outcomes, N_NAMES(outcomes), o);
}

/* What is in force at an entry. */
struct course {
        const struct policy *policy;
        const struct guest *guest;
        char digest[DIGEST_TEXT_SIZE];
        enum policy_mode mode;
        struct hand_decision *by_hand; /* one for each device at most */
        size_t n_by_hand;
        struct evaluation *evaluation; /* NULL: to be made again */
};

static void course_done(struct course *c) {
        free(c->by_hand);
        evaluation_free(c->evaluation);
}

void replay_done(struct replay *r) {
        for (size_t i = 0; i < r->n; i++) {
                struct replay_entry *e = &r->entries[i];
                char *strings[] = { e->event, e->instance, e->verdict, e->rule, e->reason, e->policy,
                        e->found_rule, e->found_reason };

                for (size_t j = 0; j < N_NAMES(strings); j++)
                        free(strings[j]);
        }
        free(r->entries);
        *r = (struct replay){};
}

static int copy(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

static int take(const struct decision_record *record, uint64_t sequence, void *data) {
        struct replay *r = data;
        struct replay_entry *more = reallocarray(r->entries, r->n + 1, sizeof(*more)), *e;

        if (!more)
                return -ENOMEM;
        r->entries = more;
        e = &more[r->n++];
        *e = (struct replay_entry){ .sequence = sequence, .time_usec = record->time_usec };
        return copy(record->event, &e->event) < 0 || copy(record->instance, &e->instance) < 0 ||
                        copy(record->verdict, &e->verdict) < 0 || copy(record->rule, &e->rule) < 0 ||
                        copy(record->reason, &e->reason) < 0 || copy(record->policy, &e->policy) < 0
                ? -ENOMEM
                : 0;
}

static bool is_decision(const struct replay_entry *e) {
        return strcmp(e->event, "decision") == 0 && e->instance && e->verdict && e->rule;
}

static void forget_evaluation(struct course *c) {
        evaluation_free(c->evaluation);
        c->evaluation = NULL;
}

static void follow_mode(struct course *c, const struct replay_entry *e) {
        int mode = e->reason ? policy_mode_from_string(e->reason) : -1;

        if (mode < 0 || (enum policy_mode)mode == c->mode)
                return;
        c->mode = (enum policy_mode)mode;
        forget_evaluation(c);
}

/* What was decided by hand about a device is what its entries say. There is room for all devices. */
static void follow_hand(struct course *c, const struct device *device, const struct replay_entry *e) {
        const struct decision by_hand = { .origin = DECIDED_BY_HAND };
        bool decided = strcmp(e->rule, decision_rule_text(&by_hand)) == 0;
        bool allow = strcmp(e->verdict, verdict_to_string(VERDICT_ALLOWED)) == 0;
        size_t i = 0;

        while (i < c->n_by_hand && !guid_equal(&c->by_hand[i].instance, &device->instance))
                i++;
        if (i == c->n_by_hand ? !decided : decided && c->by_hand[i].allow == allow)
                return;
        if (decided) {
                c->by_hand[i] = (struct hand_decision){ .instance = device->instance, .allow = allow };
                c->n_by_hand += i == c->n_by_hand;
        } else
                c->by_hand[i] = c->by_hand[--c->n_by_hand];
        forget_evaluation(c);
}

static int evaluate(struct course *c) {
        const struct evaluation_options how = {
                .mode = c->mode,
                .by_hand = c->by_hand,
                .n_by_hand = c->n_by_hand,
        };

        return c->evaluation ? 0 : policy_evaluate(c->policy, c->guest, &how, &c->evaluation);
}

/* An action that hangs or fails is no decision: what it was about is. */
static bool is_verdict(const char *logged, enum verdict found, enum verdict as_seen) {
        int v = verdict_from_string(logged);

        if (v == VERDICT_PENDING || v == VERDICT_FAILED)
                return true;
        return v == (int)found || v == (int)as_seen;
}

/* A permanent decision by hand is a rule, in which file only its origin tells: elsewhere, its id does. */
static bool is_rule(const char *logged, const struct decision *found) {
        const struct decision permanent = { .origin = DECIDED_BY_HAND_PERMANENT };

        if (strcmp(logged, decision_rule_text(&permanent)) == 0 && found->origin == DECIDED_BY_RULE)
                return strncmp(found->rule->id, BY_HAND_ID, strlen(BY_HAND_ID)) == 0;
        return strcmp(logged, decision_rule_text(found)) == 0;
}

static int judge(struct course *c, const struct device *device, struct replay_entry *e) {
        const struct decision *decision;
        int r = evaluate(c);

        if (r < 0)
                return r;
        decision = &c->evaluation->decisions[device - c->guest->devices];
        e->found = verdict_intended(c->evaluation, decision, device, ENFORCEMENT_NONE);
        if (copy(decision_rule_text(decision), &e->found_rule) < 0 ||
                copy(decision->reason, &e->found_reason) < 0)
                return -ENOMEM;
        e->outcome = is_rule(e->rule, decision) &&
                        is_verdict(e->verdict, e->found, verdict_of(decision, device, ENFORCEMENT_NONE))
                ? REPLAY_SAME
                : REPLAY_DIFFERS;
        return 0;
}

static int replay_decision(struct course *c, struct replay_entry *e) {
        const struct device *device;
        struct guid instance;

        if (guid_parse(e->instance, &instance) < 0)
                device = NULL;
        else
                device = guest_find(c->guest, &instance);
        if (!e->policy || strcmp(e->policy, c->digest) != 0) {
                e->outcome = REPLAY_OTHER_POLICY;
                return 0;
        }
        if (!device) {
                e->outcome = REPLAY_GONE;
                return 0;
        }
        follow_hand(c, device, e);
        return judge(c, device, e);
}

static int compare_entries(const void *a, const void *b) {
        const struct replay_entry *x = *(struct replay_entry *const *)a,
                                  *y = *(struct replay_entry *const *)b;
        int order = strcmp(x->instance, y->instance);

        return order != 0 ? order : x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* Of the decisions about one device, whatever made them, only the last one is to follow from the facts. */
static int mark_superseded(struct replay *r) {
        _cleanup_(freep) struct replay_entry **sorted = calloc(r->n + 1, sizeof(*sorted));
        size_t n = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++)
                if (is_decision(&r->entries[i]))
                        sorted[n++] = &r->entries[i];
        qsort(sorted, n, sizeof(sorted[0]), compare_entries);
        for (size_t i = 0; i + 1 < n; i++)
                if (sorted[i]->outcome == REPLAY_DIFFERS &&
                        strcmp(sorted[i]->instance, sorted[i + 1]->instance) == 0)
                        sorted[i]->outcome = REPLAY_SUPERSEDED;
        for (size_t i = 0; i < r->n; i++)
                r->counts[r->entries[i].outcome]++;
        return 0;
}

int replay_run(const char *name, const char *log, size_t n, const struct policy *p, const struct guest *g,
        struct replay *ret, struct diag *d) {
        _cleanup_(course_done) struct course c = { .policy = p, .guest = g };
        _cleanup_(replay_done) struct replay replay = {};
        int r = decision_log_read(name, log, n, take, &replay, d);

        if (r < 0)
                return r;
        digest_format(&p->digest, c.digest);
        c.by_hand = calloc(g->n_devices + 1, sizeof(*c.by_hand));
        r = c.by_hand ? 0 : -ENOMEM;
        for (size_t i = 0; i < replay.n && r >= 0; i++) {
                struct replay_entry *e = &replay.entries[i];

                if (is_decision(e))
                        r = replay_decision(&c, e);
                else if (strcmp(e->event, "mode") == 0)
                        follow_mode(&c, e);
        }
        if (r >= 0)
                r = mark_superseded(&replay);
        if (r < 0)
                return diag_errno(d, r, "%s", name);
        *ret = replay;
        replay = (struct replay){};
        return 0;
}
