/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that explanations and comparisons name rules, places and reasons alike. */
#include "lib/policy/decision-json.h"

#include "lib/base/json-build.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/device-json.h"
#include "lib/policy/policy-json.h"

struct json_object *policy_origin_json(const struct policy_origin *o) {
        _cleanup_(freep) char *text = NULL;

        return policy_origin_format(o, &text) < 0 ? NULL : json_object_new_string(text);
}

static bool add_decision_origin(struct json_object *o, const struct policy *p, const struct decision *d) {
        if (d->rule)
                return json_add(o, "origin", policy_origin_json(&d->rule->origin));
        if (d->origin == DECIDED_BY_DEFAULT)
                return json_add(o, "origin", policy_origin_json(&p->default_origin));
        return json_add_null(o, "origin");
}

/* An empty list where no rule decided, or it has none. */
static struct json_object *labels_json(const struct decision *d) {
        static const struct policy_words none = {};

        return policy_words_json(d->rule ? &d->rule->labels : &none, POLICY_JSON_SHOWN);
}

struct json_object *decision_json(const struct policy *p, const struct decision *d) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "rule", decision_rule_text(d)) || !add_decision_origin(o, p, d) ||
                !json_add(o, "labels", labels_json(d)) ||
                !json_add_text(o, "action", policy_action_to_string(d->action)) ||
                !json_add_flag(o, "violates", d->violates) || !json_add_text(o, "reason", d->reason))
                return NULL;
        if (d->dependent ? !json_add(o, "protected-by", device_dependent_json(d->dependent))
                         : !json_add_null(o, "protected-by"))
                return NULL;
        return TAKE(o);
}
