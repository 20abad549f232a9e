/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First whom each expectation is about, the closest name first; then what was found of it. */
#include <errno.h>
#include <string.h>

#include "lib/base/suggest.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/policy-case.h"
#include "lib/policy/policy-problem.h"

#define EVERY_OTHER "*"

/* One judgement on its way. */
struct trial {
        const struct policy_case *c;
        const struct guest *g;
        struct evaluation *e;
        enum verdict *verdicts;
        const struct case_expectation **names; /* which expectation a device is under; NULL: none */
        struct case_result result;
        struct policy_problems problems;
};

static void trial_done(struct trial *t) {
        evaluation_free(t->e);
        free(t->verdicts);
        free(t->names);
        case_result_done(&t->result);
        policy_problems_done(&t->problems);
}

static int refuse(struct trial *t, const struct case_expectation *x, const char *format, ...) _printf_(3, 4);
static int refuse(struct trial *t, const struct case_expectation *x, const char *format, ...) {
        char message[1024];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        return policy_problem_add(&t->problems, POLICY_ERROR, x->origin.file, 0, x->origin.line,
                x->origin.column, "%s", message);
}

/* The class that the word names, in ret; every GUID could be one, so the guest has the last word. */
static bool names_class(const struct guest *g, const char *word, struct guid *ret) {
        const struct vmbus_class *known = vmbus_class_by_name(word);

        if (known) {
                *ret = known->guid;
                return true;
        }
        if (guid_parse(word, ret) < 0)
                return false;
        for (size_t i = 0; i < g->n_devices; i++)
                if (guid_equal(&g->devices[i].class, ret))
                        return true;
        return vmbus_class_by_guid(ret);
}

static int refuse_name(struct trial *t, const struct case_expectation *x, const struct diag *d) {
        struct suggestion s = {};

        for (size_t i = 0; vmbus_class_at(i); i++)
                suggest_consider(&s, x->device, vmbus_class_at(i)->name);
        if (s.nearest)
                return refuse(t, x, "no device %s; did you mean \"%s\"?", quote(x->device).text, s.nearest);
        return refuse(t, x, "%s", d->text);
}

/* Puts device i under x; what is as closely named by another is a contradiction, or said twice. */
static int claim(struct trial *t, size_t i, const struct case_expectation *x) {
        const struct case_expectation *other = t->names[i];

        if (other)
                return refuse(t, x, "%s is the device %s, of which line %u speaks already",
                        quote(x->device).text, t->g->devices[i].instance_text, other->origin.line);
        t->names[i] = x;
        return 0;
}

static int claim_device(struct trial *t, const struct case_expectation *x) {
        const struct device *found;
        struct diag d = {};
        int r = guest_resolve(t->g, x->device, &found, &d);

        if (r == -ENOTUNIQ)
                return refuse(t, x, "%s", d.text);
        if (r < 0)
                return refuse_name(t, x, &d);
        return claim(t, (size_t)(found - t->g->devices), x);
}

/* All of the class that no expectation names more closely. */
static int claim_class(struct trial *t, const struct case_expectation *x, const struct guid *class) {
        size_t n = 0, n_free = 0;

        for (size_t i = 0; i < t->g->n_devices; i++) {
                struct guid other;

                if (!guid_equal(&t->g->devices[i].class, class))
                        continue;
                n++;
                if (t->names[i] && !names_class(t->g, t->names[i]->device, &other))
                        continue;
                n_free++;
                if (claim(t, i, x) < 0)
                        return -ENOMEM;
        }
        if (n == 0)
                return refuse(t, x, "the recorded guest has no device of class %s", quote(x->device).text);
        if (n_free == 0)
                return refuse(t, x,
                        "every device of class %s has an expectation of its own: remove this one",
                        quote(x->device).text);
        return 0;
}

/* The three ways of naming, the closest first: what a class stands for depends on what else is named. */
static int claim_all(struct trial *t) {
        const struct case_expectation *others = NULL;
        struct guid class;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < t->c->n; i++)
                if (strcmp(t->c->expectations[i].device, EVERY_OTHER) == 0)
                        others = &t->c->expectations[i];
                else if (!names_class(t->g, t->c->expectations[i].device, &class))
                        r = claim_device(t, &t->c->expectations[i]);
        for (size_t i = 0; r >= 0 && i < t->c->n; i++)
                if (names_class(t->g, t->c->expectations[i].device, &class))
                        r = claim_class(t, &t->c->expectations[i], &class);
        for (size_t i = 0; r >= 0 && i < t->g->n_devices; i++) {
                if (!t->names[i])
                        t->names[i] = others;
                t->result.n_checked += t->names[i] != NULL;
        }
        return r;
}

/* expected, found and because are copied. */
static int add_finding(struct trial *t, const struct policy_origin *origin, const struct device *device,
        const char *what, const char *expected, const char *found, const char *because) {
        struct case_finding f = { .origin = *origin, .device = device, .what = what }, *more;

        more = reallocarray(t->result.findings, t->result.n + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        t->result.findings = more;
        f.expected = strdup(expected);
        f.found = strdup(found);
        f.because = strdup(because);
        t->result.findings[t->result.n++] = f;
        return f.expected && f.found && f.because ? 0 : -ENOMEM;
}

/* "payload-private at strict.json:18:5: ring of channel 12 is plain ..." */
static int describe(const struct policy *p, const struct decision *d, char **ret) {
        _cleanup_(freep) char *place = NULL;
        const struct policy_origin *o = d->rule   ? &d->rule->origin
                : d->origin == DECIDED_BY_DEFAULT ? &p->default_origin
                                                  : NULL;
        int size;

        if (o && policy_origin_format(o, &place) < 0)
                return -ENOMEM;
        size = asprintf(ret, "%s%s%s: %s", decision_rule_text(d), place ? " at " : "", place ?: "",
                d->reason);
        if (size < 0)
                *ret = NULL;
        return size < 0 ? -ENOMEM : 0;
}

static int check_device(struct trial *t, const struct policy *p, size_t i) {
        const struct case_expectation *x = t->names[i];
        const struct device *device = &t->g->devices[i];
        const struct decision *d = &t->e->decisions[i];
        const char *rule = decision_rule_text(d);
        _cleanup_(freep) char *because = NULL;
        int r = describe(p, d, &because);

        if (r == 0 && x->verdict != VERDICT_UNSET && x->verdict != t->verdicts[i])
                r = add_finding(t, &x->origin, device, "verdict", verdict_to_string(x->verdict),
                        verdict_to_string(t->verdicts[i]), because);
        if (r == 0 && x->action != ACTION_UNSET && x->action != d->action)
                r = add_finding(t, &x->origin, device, "action", policy_action_to_string(x->action),
                        policy_action_to_string(d->action), because);
        if (r == 0 && x->rule && strcmp(x->rule, rule) != 0)
                r = add_finding(t, &x->origin, device, "rule", x->rule, rule, because);
        return r;
}

static int check_state(struct trial *t) {
        enum guest_state found = state_of(t->e, t->verdicts);

        if (t->c->state == STATE_UNSET || t->c->state == found)
                return 0;
        return add_finding(t, &t->c->state_origin, NULL, "state", guest_state_to_string(t->c->state),
                guest_state_to_string(found), t->e->unexpected ?: "");
}

static int check_all(struct trial *t, const struct policy *p) {
        int r = check_state(t);

        for (size_t x = 0; r == 0 && x < t->c->n; x++)
                for (size_t i = 0; r == 0 && i < t->g->n_devices; i++)
                        if (t->names[i] == &t->c->expectations[x])
                                r = check_device(t, p, i);
        return r;
}

static int trial_prepare(struct trial *t, const struct policy *p) {
        const struct evaluation_options how = { .mode = t->c->mode };

        t->verdicts = calloc(t->g->n_devices + 1, sizeof(*t->verdicts));
        t->names = calloc(t->g->n_devices + 1, sizeof(*t->names));
        if (!t->verdicts || !t->names || policy_evaluate(p, t->g, &how, &t->e) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < t->g->n_devices; i++)
                t->verdicts[i] = verdict_of(&t->e->decisions[i], &t->g->devices[i], ENFORCEMENT_NONE);
        return 0;
}

int policy_case_judge(const struct policy_case *c, const struct policy *p, const struct guest *g,
        struct case_result *ret, struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(trial_done) struct trial t = { .c = c, .g = g };
        int r = trial_prepare(&t, p);

        if (r == 0)
                r = claim_all(&t);
        if (r == 0 && t.problems.n_errors == 0)
                r = check_all(&t, p);
        if (r < 0)
                return diag_errno(d, r, "%s", c->name);
        r = policy_problems_close(&t.problems, d);
        *ret_problems = t.problems;
        t.problems = (struct policy_problems){};
        if (r < 0)
                return r;
        *ret = t.result;
        t.result = (struct case_result){};
        return 0;
}

void case_result_done(struct case_result *r) {
        for (size_t i = 0; i < r->n; i++) {
                free(r->findings[i].expected);
                free(r->findings[i].found);
                free(r->findings[i].because);
        }
        free(r->findings);
        *r = (struct case_result){};
}
