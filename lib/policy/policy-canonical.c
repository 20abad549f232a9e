/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is enforced, and nothing else, in the one form that has a digest. */
#include <errno.h>
#include <string.h>

#include "lib/base/canonical-json.h"
#include "lib/base/json-build.h"
#include "lib/policy/policy-private.h"

static int compare_words(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. */
static struct json_object *list_new(const struct policy_words *words) {
        _cleanup_(json_putp) struct json_object *list = json_object_new_array();
        _cleanup_(freep) char **sorted = calloc(words->n + 1, sizeof(*sorted));

        if (!list || !sorted)
                return NULL;
        for (size_t i = 0; i < words->n; i++)
                sorted[i] = words->words[i];
        qsort(sorted, words->n, sizeof(*sorted), compare_words);
        for (size_t i = 0; i < words->n; i++)
                if ((i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0) && !json_append_text(list, sorted[i]))
                        return NULL;
        return TAKE(list);
}

static bool add_list(struct json_object *o, const char *key, const struct policy_words *words) {
        return words->n == 0 || json_add(o, key, list_new(words));
}

static bool add_tristate(struct json_object *o, const char *key, enum tristate t) {
        return t == TRISTATE_UNKNOWN || json_add_flag(o, key, t == TRISTATE_YES);
}

static bool add_action(struct json_object *o, const char *key, enum policy_action a) {
        return a == ACTION_UNSET || json_add_text(o, key, policy_action_to_string(a));
}

static struct json_object *match_new(const struct policy_match *m) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_list(o, "class", &m->class) || !add_list(o, "instance", &m->instance) ||
                !add_list(o, "driver", &m->driver) || !add_list(o, "vendor", &m->vendor) ||
                !add_list(o, "device", &m->device) || !add_list(o, "isolation", &m->isolation) ||
                !add_tristate(o, "hvsock", m->hvsock) ||
                !add_tristate(o, "kernel-allowed", m->kernel_allowed) ||
                !add_tristate(o, "paravisor", m->paravisor) ||
                (m->negated && !json_add(o, "not", match_new(m->negated))))
                return NULL;
        return TAKE(o);
}

static bool add_requirement(struct json_object *o, const char *key, enum confidentiality c) {
        return c == CONFIDENTIALITY_UNKNOWN || json_add_text(o, key, confidentiality_to_string(c));
}

static struct json_object *require_new(const struct policy_rule *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_requirement(o, "ring", r->ring) || !add_requirement(o, "dma", r->dma))
                return NULL;
        return TAKE(o);
}

static struct json_object *rule_new(const struct policy_rule *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "id", r->id) || !json_add(o, "match", match_new(&r->match)) ||
                !add_action(o, "action", r->action) || !add_action(o, "on-violation", r->on_violation) ||
                (r->action == ACTION_UNSET && !json_add(o, "require", require_new(r))) ||
                (r->has_protect && !json_add(o, "protect", list_new(&r->protect))))
                return NULL;
        return TAKE(o);
}

static struct json_object *rules_new(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *rules = json_object_new_array();

        for (size_t i = 0; rules && i < p->n_rules; i++)
                if (!json_append(rules, rule_new(&p->rules[i])))
                        return NULL;
        return TAKE(rules);
}

static bool add_expectations(struct json_object *o, const struct policy *p) {
        _cleanup_(json_putp) struct json_object *expect = NULL;

        if (p->expect_isolation.n == 0 && p->expect_paravisor == TRISTATE_UNKNOWN)
                return true;
        expect = json_object_new_object();
        return expect && add_list(expect, "isolation", &p->expect_isolation) &&
                add_tristate(expect, "paravisor", p->expect_paravisor) &&
                json_add(o, "expect", TAKE(expect));
}

static bool add_default(struct json_object *o, const struct policy *p) {
        _cleanup_(json_putp) struct json_object *action = json_object_new_object();

        return action && add_action(action, "action", p->default_action) &&
                json_add(o, "default", TAKE(action));
}

int policy_canonical(const struct policy *p, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "version", 1) ||
                !json_add_text(o, "mode", policy_mode_to_string(p->mode)) || !add_expectations(o, p) ||
                !json_add_text(o, "unknown", policy_unknown_to_string(p->unknown)) ||
                !json_add(o, "protect", list_new(&p->protect)) || !json_add(o, "rules", rules_new(p)) ||
                !add_default(o, p))
                return -ENOMEM;
        return canonical_json(o, ret);
}
