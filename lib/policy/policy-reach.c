/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two proofs and no more: a match that contradicts itself, and one earlier rule that is at least as wide in
 * every key. What takes several rules together to shadow is not found.
 */
#include "lib/policy/policy-reach.h"

#include <errno.h>
#include <string.h>

#include "lib/policy/matcher.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"

#define COMPARED_MAX 65536 /* words of one key by words of the other: longer lists are not compared */

/* Whether every value that `narrow` can have is one of `wide`; an empty list is every value. */
static bool words_cover(const struct policy_words *wide, const struct policy_words *narrow) {
        if (wide->n == 0)
                return true;
        if (narrow->n == 0 || wide->n > COMPARED_MAX / narrow->n)
                return false;
        for (size_t i = 0; i < narrow->n; i++) {
                const char *word = narrow->words[i];
                bool covered = false;

                for (size_t j = 0; !covered && j < wide->n; j++)
                        covered = strcmp(wide->words[j], word) == 0 || strcmp(wide->words[j], "*") == 0 ||
                                (pattern_is_literal(word) && pattern_fits(wide->words[j], word));
                if (!covered)
                        return false;
        }
        return true;
}

static bool tristate_covers(enum tristate wide, enum tristate narrow) {
        return wide == TRISTATE_UNKNOWN || wide == narrow;
}

/* Key by key, hvsock and the groups left aside. */
static bool keys_cover(const struct policy_match *wide, const struct policy_match *narrow) {
        return words_cover(&wide->class, &narrow->class) &&
                words_cover(&wide->instance, &narrow->instance) &&
                words_cover(&wide->driver, &narrow->driver) && words_cover(&wide->vendor, &narrow->vendor) &&
                words_cover(&wide->device, &narrow->device) &&
                words_cover(&wide->isolation, &narrow->isolation) &&
                tristate_covers(wide->kernel_allowed, narrow->kernel_allowed) &&
                tristate_covers(wide->paravisor, narrow->paravisor);
}

/* A rule that does not say is none for hv_sock. */
static bool is_for_hvsock(const struct policy_match *m) {
        return m->hvsock == TRISTATE_YES;
}

static bool match_covers(const struct policy_match *wide, const struct policy_match *narrow) {
        if (is_for_hvsock(wide) != is_for_hvsock(narrow) || !keys_cover(wide, narrow))
                return false;
        /* what the wide one takes out must be out of the narrow one as well */
        return !wide->negated || (narrow->negated && keys_cover(narrow->negated, wide->negated));
}

/* Whether no class that it names is as the other keys want it; classes outside of the table may be anything.
 */
static bool classes_contradict(const struct policy_match *m) {
        for (size_t i = 0; i < m->class.n; i++) {
                const struct vmbus_class *known = NULL;
                bool fits = m->driver.n == 0;
                struct guid g;

                if (guid_parse(m->class.words[i], &g) == 0)
                        known = vmbus_class_by_guid(&g);
                if (!known)
                        return false;
                for (size_t j = 0; !fits && known->drivers[0] && j < m->driver.n; j++)
                        fits = pattern_fits(m->driver.words[j], known->drivers[0]);
                if (fits &&
                        tristate_covers(m->kernel_allowed,
                                known->kernel_allowed ? TRISTATE_YES : TRISTATE_NO))
                        return false;
        }
        return m->class.n > 0;
}

static int warn(const struct policy *p, const struct policy_rule *r, struct policy_problems *problems,
        const char *why) {
        return policy_problem_add(problems, POLICY_WARNING, r->origin.file, policy_file_order(p, &r->origin),
                r->origin.line, r->origin.column, "rule \"%s\" can never match: %s", r->id, why);
}

static int warn_of_cover(const struct policy *p, const struct policy_rule *r, const struct policy_rule *by,
        struct policy_problems *problems) {
        _cleanup_(freep) char *why = NULL;

        if (asprintf(&why,
                    "rule \"%s\" at %s:%u:%u comes first and matches all of it; remove one, or change their "
                    "order",
                    by->id, by->origin.file, by->origin.line, by->origin.column) < 0)
                return -ENOMEM;
        return warn(p, r, problems, why);
}

static int warn_of_rule(const struct policy *p, size_t i, struct policy_problems *problems) {
        const struct policy_rule *r = &p->rules[i];

        if (r->match.negated && keys_cover(r->match.negated, &r->match))
                return warn(p, r, problems, "its \"not\" group takes out all that the other keys match");
        if (classes_contradict(&r->match))
                return warn(p, r, problems,
                        "no class that it names fits its \"driver\" or \"kernel-allowed\"");
        for (size_t j = 0; p->n_rules <= POLICY_REACH_RULES_MAX && j < i; j++)
                if (match_covers(&p->rules[j].match, &r->match))
                        return warn_of_cover(p, r, &p->rules[j], problems);
        return 0;
}

int policy_warn_unreachable(const struct policy *p, struct policy_problems *problems) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < p->n_rules; i++)
                r = warn_of_rule(p, i, problems);
        return r;
}
