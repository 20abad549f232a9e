/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inverse of reading, for people: policy_canonical() is the one for digests. */
#include "cli/policy-json.h"

#include <errno.h>

#include "lib/base/json-build.h"
#include "lib/facts/vmbus-class.h"

struct json_object *policy_words_json(const struct policy_words *w) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        if (!a)
                return NULL;
        for (size_t i = 0; i < w->n; i++)
                if (!json_append_text(a, w->words[i]))
                        return NULL;
        return TAKE(a);
}

/* Classes were resolved to GUIDs when the policy was loaded; people know them by name. */
static struct json_object *classes_json(const struct policy_words *w) {
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
static bool add_words(struct json_object *o, const char *key, const struct policy_words *w) {
        return w->n == 0 || json_add(o, key, policy_words_json(w));
}

static bool add_tristate(struct json_object *o, const char *key, enum tristate t) {
        return t == TRISTATE_UNKNOWN || json_add_flag(o, key, t == TRISTATE_YES);
}

static bool add_confidentiality(struct json_object *o, const char *key, enum confidentiality c) {
        return c == CONFIDENTIALITY_UNKNOWN || json_add_text(o, key, confidentiality_to_string(c));
}

static struct json_object *match_json(const struct policy_match *m) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || (m->class.n > 0 && !json_add(o, "class", classes_json(&m->class))) ||
                !add_words(o, "instance", &m->instance) || !add_words(o, "driver", &m->driver) ||
                !add_words(o, "vendor", &m->vendor) || !add_words(o, "device", &m->device) ||
                !add_words(o, "isolation", &m->isolation) || !add_tristate(o, "hvsock", m->hvsock) ||
                !add_tristate(o, "kernel-allowed", m->kernel_allowed) ||
                !add_tristate(o, "paravisor", m->paravisor))
                return NULL;
        if (m->negated && !json_add(o, "not", match_json(m->negated)))
                return NULL;
        return TAKE(o);
}

static struct json_object *require_json(const struct policy_rule *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_confidentiality(o, "ring", r->ring) || !add_confidentiality(o, "dma", r->dma))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_rule_json(const struct policy_rule *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        bool requires = r->ring != CONFIDENTIALITY_UNKNOWN || r->dma != CONFIDENTIALITY_UNKNOWN;

        if (!o || !json_add_text(o, "id", r->id) || !json_add(o, "match", match_json(&r->match)))
                return NULL;
        if (requires && !json_add(o, "require", require_json(r)))
                return NULL;
        if (r->on_violation != ACTION_UNSET &&
                !json_add_text(o, "on-violation", policy_action_to_string(r->on_violation)))
                return NULL;
        if (r->action != ACTION_UNSET && !json_add_text(o, "action", policy_action_to_string(r->action)))
                return NULL;
        if (r->has_protect && !json_add(o, "protect", policy_words_json(&r->protect)))
                return NULL;
        if (r->reason && !json_add_text(o, "reason", r->reason))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_expect_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_words(o, "isolation", &p->expect_isolation) ||
                !add_tristate(o, "paravisor", p->expect_paravisor))
                return NULL;
        return TAKE(o);
}

struct json_object *policy_default_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "action", policy_action_to_string(p->default_action)))
                return NULL;
        return TAKE(o);
}

const char *policy_unknown_text(const struct policy *p) {
        return p->unknown == UNKNOWN_PASS ? "pass" : "violation";
}

static struct json_object *rules_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < p->n_rules; i++)
                if (!json_append(a, policy_rule_json(&p->rules[i])))
                        return NULL;
        return TAKE(a);
}

int policy_to_json(const struct policy *p, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        bool expects = p->expect_isolation.n > 0 || p->expect_paravisor != TRISTATE_UNKNOWN;

        if (!o || !json_add_number(o, "version", 1) ||
                !json_add_text(o, "mode", policy_mode_to_string(p->mode)) ||
                (expects && !json_add(o, "expect", policy_expect_json(p))) ||
                !json_add_text(o, "unknown", policy_unknown_text(p)) ||
                !json_add(o, "protect", policy_words_json(&p->protect)) ||
                !json_add(o, "rules", rules_json(p)) || !json_add(o, "default", policy_default_json(p)))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}
