/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One writer for what is shown and for what has a digest, so that neither can leave out a key of the other.
 */
#include "lib/policy/policy-json.h"

#include <errno.h>
#include <string.h>

#include "lib/base/canonical-json.h"
#include "lib/base/json-build.h"

static int compare_words(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

struct json_object *policy_words_json(const struct policy_words *w, enum policy_json_form form) {
        _cleanup_(json_putp) struct json_object *list = json_object_new_array();
        _cleanup_(freep) char **words = calloc(w->n + 1, sizeof(*words));
        bool enforced = form == POLICY_JSON_ENFORCED;

        if (!list || !words)
                return NULL;
        for (size_t i = 0; i < w->n; i++)
                words[i] = w->words[i];
        if (enforced)
                qsort(words, w->n, sizeof(*words), compare_words);
        for (size_t i = 0; i < w->n; i++) {
                if (enforced && i > 0 && strcmp(words[i - 1], words[i]) == 0)
                        continue;
                if (!json_append_text(list, words[i]))
                        return NULL;
        }
        return TAKE(list);
}

/* Classes were resolved to GUIDs when the policy was loaded; people know them by name. */
static struct json_object *class_names_json(const struct policy_words *w) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < w->n; i++) {
                const struct vmbus_class *known = NULL;
                struct guid g;

                if (guid_parse(w->words[i], &g) == 0)
                        known = vmbus_class_by_guid(&g);
                if (!json_append_text(a, known ? known->name : w->words[i]))
                        return NULL;
        }
        return TAKE(a);
}

/* Keys that were not given stay away. */
static bool add_words(struct json_object *o, const char *key, const struct policy_words *w,
        enum policy_json_form form) {
        return w->n == 0 || json_add(o, key, policy_words_json(w, form));
}

static bool add_classes(struct json_object *o, const struct policy_words *w, enum policy_json_form form) {
        if (form == POLICY_JSON_ENFORCED)
                return add_words(o, "class", w, form);
        return w->n == 0 || json_add(o, "class", class_names_json(w));
}

static bool add_tristate(struct json_object *o, const char *key, enum tristate t) {
        return t == TRISTATE_UNKNOWN || json_add_flag(o, key, t == TRISTATE_YES);
}

static bool add_requirement(struct json_object *o, const char *key, enum confidentiality c) {
        return c == CONFIDENTIALITY_UNKNOWN || json_add_text(o, key, confidentiality_to_string(c));
}

static bool add_action(struct json_object *o, const char *key, enum policy_action a) {
        return a == ACTION_UNSET || json_add_text(o, key, policy_action_to_string(a));
}

static struct json_object *match_json(const struct policy_match *m, enum policy_json_form form) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_classes(o, &m->class, form) || !add_words(o, "instance", &m->instance, form) ||
                !add_words(o, "driver", &m->driver, form) || !add_words(o, "vendor", &m->vendor, form) ||
                !add_words(o, "device", &m->device, form) ||
                !add_words(o, "isolation", &m->isolation, form) || !add_tristate(o, "hvsock", m->hvsock) ||
                !add_tristate(o, "kernel-allowed", m->kernel_allowed) ||
                !add_tristate(o, "paravisor", m->paravisor) ||
                (m->negated && !json_add(o, "not", match_json(m->negated, form))))
                return NULL;
        return TAKE(o);
}

static struct json_object *require_json(const struct policy_rule *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_requirement(o, "ring", r->ring) || !add_requirement(o, "dma", r->dma))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_rule_json(const struct policy_rule *r, enum policy_json_form form) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "id", r->id) || !json_add(o, "match", match_json(&r->match, form)) ||
                (r->action == ACTION_UNSET && !json_add(o, "require", require_json(r))) ||
                !add_action(o, "on-violation", r->on_violation) || !add_action(o, "action", r->action) ||
                (r->has_protect && !json_add(o, "protect", policy_words_json(&r->protect, form))) ||
                (form == POLICY_JSON_SHOWN && r->reason && !json_add_text(o, "reason", r->reason)) ||
                (form == POLICY_JSON_SHOWN && !add_words(o, "labels", &r->labels, form)))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_expect_json(const struct policy *p, enum policy_json_form form) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_words(o, "isolation", &p->expect_isolation, form) ||
                !add_tristate(o, "paravisor", p->expect_paravisor))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_default_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_action(o, "action", p->default_action))
                return NULL;
        return TAKE(o);
}

static struct json_object *rules_json(const struct policy *p, enum policy_json_form form) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < p->n_rules; i++)
                if (!json_append(a, policy_rule_json(&p->rules[i], form)))
                        return NULL;
        return TAKE(a);
}

/* A gate that is off is not part of what is enforced. */
static bool add_gate(struct json_object *o, const struct policy *p, enum policy_json_form form) {
        return (form == POLICY_JSON_ENFORCED && p->gate != GATE_ON) ||
                json_add_text(o, "gate", policy_gate_to_string(p->gate));
}

int policy_to_json(const struct policy *p, enum policy_json_form form, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "version", 1) ||
                !json_add_text(o, "mode", policy_mode_to_string(p->mode)) || !add_gate(o, p, form) ||
                (policy_expects(p) && !json_add(o, "expect", policy_expect_json(p, form))) ||
                !json_add_text(o, "unknown", policy_unknown_to_string(p->unknown)) ||
                !json_add(o, "protect", policy_words_json(&p->protect, form)) ||
                !json_add(o, "rules", rules_json(p, form)) ||
                !json_add(o, "default", policy_default_json(p)))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}

int policy_canonical(const struct policy *p, char **ret) {
        _cleanup_(json_putp) struct json_object *o = NULL;
        int r = policy_to_json(p, POLICY_JSON_ENFORCED, &o);

        return r < 0 ? r : canonical_json(o, ret);
}
