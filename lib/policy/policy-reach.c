/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two proofs and no more: a match that contradicts itself, and one earlier rule that is at least as wide in
 * every key. What takes several rules together to shadow is not found.
 */
#include "lib/policy/policy-reach.h"

#include <errno.h>
#include <string.h>

#include "lib/policy/matcher.h"
#include "lib/policy/policy-lint.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"

/* How much work all comparisons together may be: a fraction of a second. */
#define STEPS_MAX 100000000
#define STEPS_OF_WORD 16 /* what comparing two words costs, beside looking at two shapes */

/* Bits of the words of one kind: those that a match names, and those that it may cover in another. */
struct word_bits {
        uint64_t literals, patterns;                 /* named */
        uint64_t covered_literals, covered_patterns; /* or more */
};

/* What a match asks for, in so few words that nearly all pairs of rules part company here. */
struct shape {
        unsigned keys; /* that are given, a bit each */
        struct word_bits classes, instances, numbers, rest;
        bool hvsock;
};

struct reach {
        const struct policy *policy;
        struct shape *shapes; /* of each rule */
        uint64_t steps;       /* left */
};

static void reach_done(struct reach *r) {
        free(r->shapes);
}

/* Words of one kind that are equal have the same bit. */
static uint64_t bit_of(const char *word, unsigned kind) {
        uint64_t hash = 0xcbf29ce484222325 + kind; /* FNV-1a */

        for (; *word; word++)
                hash = (hash ^ (unsigned char)*word) * 0x100000001b3;
        return UINT64_C(1) << (hash >> 58);
}

static void take_words(const struct policy_words *words, unsigned kind, struct shape *s,
        struct word_bits *w) {
        if (words->n == 0)
                return;
        s->keys |= 1u << kind;
        for (size_t i = 0; i < words->n; i++) {
                uint64_t bit = bit_of(words->words[i], kind);
                bool literal = pattern_is_literal(words->words[i]);

                if (literal)
                        w->literals |= bit;
                else
                        w->patterns |= bit;
                w->covered_literals |= literal ? bit : UINT64_MAX;
                w->covered_patterns |= strcmp(words->words[i], "*") == 0 ? UINT64_MAX : bit;
        }
}

static struct shape shape_of(const struct policy_match *m) {
        struct shape s = { .hvsock = m->hvsock == TRISTATE_YES };

        take_words(&m->class, 0, &s, &s.classes);
        take_words(&m->instance, 1, &s, &s.instances);
        take_words(&m->vendor, 2, &s, &s.numbers);
        take_words(&m->device, 3, &s, &s.numbers);
        take_words(&m->driver, 4, &s, &s.rest);
        take_words(&m->isolation, 5, &s, &s.rest);
        s.keys |= (m->kernel_allowed != TRISTATE_UNKNOWN) << 6 | (m->paravisor != TRISTATE_UNKNOWN) << 7;
        return s;
}

static bool bits_may_cover(const struct word_bits *wide, const struct word_bits *narrow) {
        return !(narrow->literals & ~wide->covered_literals) &&
                !(narrow->patterns & ~wide->covered_patterns);
}

/* Whether it is worth a closer look: false only where `wide` certainly does not cover `narrow`. */
static bool shape_may_cover(const struct shape *wide, const struct shape *narrow) {
        if (wide->keys & ~narrow->keys || wide->hvsock != narrow->hvsock)
                return false;
        return (!(wide->keys & 1u << 0) || bits_may_cover(&wide->classes, &narrow->classes)) &&
                (!(wide->keys & 1u << 1) || bits_may_cover(&wide->instances, &narrow->instances)) &&
                ((wide->keys & 3u << 2) != 3u << 2 || bits_may_cover(&wide->numbers, &narrow->numbers));
}

/* Takes n steps of what is left; false when that is not enough. */
static bool spend(struct reach *r, uint64_t n) {
        if (r->steps < n) {
                r->steps = 0;
                return false;
        }
        r->steps -= n;
        return true;
}

/* Whether every value that `narrow` can have is one of `wide`; an empty list is every value. */
static bool words_cover(struct reach *r, const struct policy_words *wide,
        const struct policy_words *narrow) {
        if (wide->n == 0)
                return true;
        if (narrow->n == 0)
                return false;
        for (size_t i = 0; i < narrow->n; i++) {
                const char *word = narrow->words[i];
                bool covered = false;

                if (!spend(r, (uint64_t)wide->n * STEPS_OF_WORD))
                        return false;
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
static bool keys_cover(struct reach *r, const struct policy_match *wide, const struct policy_match *narrow) {
        return words_cover(r, &wide->class, &narrow->class) &&
                words_cover(r, &wide->instance, &narrow->instance) &&
                words_cover(r, &wide->driver, &narrow->driver) &&
                words_cover(r, &wide->vendor, &narrow->vendor) &&
                words_cover(r, &wide->device, &narrow->device) &&
                words_cover(r, &wide->isolation, &narrow->isolation) &&
                tristate_covers(wide->kernel_allowed, narrow->kernel_allowed) &&
                tristate_covers(wide->paravisor, narrow->paravisor);
}

static bool match_covers(struct reach *r, const struct policy_match *wide,
        const struct policy_match *narrow) {
        if (!keys_cover(r, wide, narrow))
                return false;
        /* what the wide one takes out must be out of the narrow one as well */
        return !wide->negated || (narrow->negated && keys_cover(r, narrow->negated, wide->negated));
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

static int warn_of_work(const struct policy *p, const struct policy_rule *r,
        struct policy_problems *problems) {
        return policy_problem_add(problems, POLICY_WARNING, r->origin.file, policy_file_order(p, &r->origin),
                r->origin.line, r->origin.column,
                "from here on, rules are not checked for whether they can ever match: there are too many, "
                "or their lists are too long");
}

/* Whether a rule that stands before can be held against it: the shipped ones are there to be overridden. */
static bool counts_against(const struct policy_rule *before, const struct policy_rule *r) {
        return !before->broken &&
                (before->origin.file == r->origin.file || !policy_origin_shipped(&r->origin));
}

static int warn_of_rule(struct reach *reach, size_t i, struct policy_problems *problems) {
        const struct policy *p = reach->policy;
        const struct policy_rule *r = &p->rules[i];

        if (r->match.negated && keys_cover(reach, r->match.negated, &r->match))
                return warn(p, r, problems, "its \"not\" group takes out all that the other keys match");
        if (classes_contradict(&r->match))
                return warn(p, r, problems,
                        "no class that it names fits its \"driver\" or \"kernel-allowed\"");
        for (size_t j = 0; spend(reach, 1) && j < i; j++)
                if (shape_may_cover(&reach->shapes[j], &reach->shapes[i]) &&
                        counts_against(&p->rules[j], r) &&
                        match_covers(reach, &p->rules[j].match, &r->match))
                        return warn_of_cover(p, r, &p->rules[j], problems);
        return 0;
}

int policy_warn_unreachable(const struct policy *p, struct policy_problems *problems) {
        _cleanup_(reach_done) struct reach reach = { .policy = p, .steps = STEPS_MAX };
        int r = 0;

        reach.shapes = calloc(p->n_rules + 1, sizeof(*reach.shapes));
        if (!reach.shapes)
                return -ENOMEM;
        for (size_t i = 0; i < p->n_rules; i++)
                reach.shapes[i] = shape_of(&p->rules[i].match);
        for (size_t i = 0; r == 0 && i < p->n_rules; i++) {
                if (!p->rules[i].broken)
                        r = warn_of_rule(&reach, i, problems);
                if (reach.steps == 0)
                        return r < 0 ? r : warn_of_work(p, &p->rules[i], problems);
        }
        return r;
}
