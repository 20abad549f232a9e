/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows only once all files are one policy. */
#include <errno.h>
#include <string.h>

#include "lib/policy/matcher.h"
#include "lib/policy/policy-lint.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"
#include "lib/policy/policy-reach.h"

static const char *const default_protection[] = { "root", "usr", "boot", "swap" };

static int protect_by_default(struct policy *p) {
        size_t n = sizeof(default_protection) / sizeof(default_protection[0]);

        p->protect.words = calloc(n, sizeof(*p->protect.words));
        if (!p->protect.words)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                p->protect.words[i] = strdup(default_protection[i]);
                if (!p->protect.words[i])
                        return -ENOMEM;
                p->protect.n++;
        }
        return 0;
}

static int set_defaults(struct policy *p) {
        if (p->mode == MODE_UNSET)
                p->mode = MODE_AUDIT;
        if (p->gate == GATE_UNSET)
                p->gate = GATE_OFF;
        if (p->unknown == UNKNOWN_UNSET)
                p->unknown = UNKNOWN_VIOLATION;
        if (p->default_action == ACTION_UNSET)
                p->default_action = ACTION_BLOCK;
        return p->protect_origin.line > 0 ? 0 : protect_by_default(p);
}

size_t policy_file_order(const struct policy *p, const struct policy_origin *o) {
        size_t i = 0;

        while (i < p->n_files && p->files[i] != o->file)
                i++;
        return i;
}

/* By id, and equal ones in the order of the rules, which is the order of their addresses. */
static int compare_ids(const void *a, const void *b) {
        const struct policy_rule *x = *(const struct policy_rule *const *)a;
        const struct policy_rule *y = *(const struct policy_rule *const *)b;
        int order = strcmp(x->id, y->id);

        return order != 0 ? order : x < y ? -1 : x > y;
}

static int refuse_duplicates(const struct policy *p, struct policy_problems *problems) {
        _cleanup_(freep) const struct policy_rule **sorted = calloc(p->n_rules + 1, sizeof(*sorted));
        size_t n = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < p->n_rules; i++)
                if (p->rules[i].id)
                        sorted[n++] = &p->rules[i];
        qsort(sorted, n, sizeof(*sorted), compare_ids);
        for (size_t i = 1; i < n; i++) {
                const struct policy_origin *first = &sorted[i - 1]->origin, *second = &sorted[i]->origin;

                if (strcmp(sorted[i - 1]->id, sorted[i]->id) != 0)
                        continue;
                if (policy_problem_add(problems, POLICY_ERROR, second->file, policy_file_order(p, second),
                            second->line, second->column,
                            "rule \"%s\" is there already, at %s:%u:%u: give one of them another id",
                            sorted[i]->id, first->file, first->line, first->column) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int refuse_too_many(const struct policy *p, struct policy_problems *problems) {
        const struct policy_origin *o;

        if (p->n_rules <= POLICY_RULES_MAX)
                return 0;
        o = &p->rules[POLICY_RULES_MAX].origin;
        return policy_problem_add(problems, POLICY_ERROR, o->file, policy_file_order(p, o), o->line,
                o->column, "more than %d rules: let one rule match several devices", POLICY_RULES_MAX);
}

static int take_digest(struct policy *p) {
        _cleanup_(freep) char *canonical = NULL;
        int r = policy_canonical(p, &canonical);

        return r < 0 ? r : digest_sha256(canonical, strlen(canonical), &p->digest);
}

int policy_finish(struct policy *p, struct policy_problems *problems) {
        int r = refuse_duplicates(p, problems);

        if (r == 0)
                r = refuse_too_many(p, problems);
        if (r == 0)
                r = policy_warn_unreachable(p, problems);
        if (r == 0)
                r = policy_warn_settings(p, problems);
        if (r < 0 || problems->n_errors > 0)
                return r;
        for (size_t i = 0; i < p->n_rules; i++)
                if (matcher_prepare(&p->rules[i].match) < 0)
                        return -ENOMEM;
        r = set_defaults(p);
        return r < 0 ? r : take_digest(p);
}
