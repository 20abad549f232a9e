/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One telling of a plan, for the bus and for what is looked at offline. */
#include "lib/enforce/plan-json.h"

#include <errno.h>

#include "lib/base/json-build.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/device-json.h"

static struct json_object *step_json(const struct guest *g, const struct evaluation *e,
        const struct plan_step *step) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        _cleanup_(freep) char *origin = NULL;
        const struct decision *decision = &e->decisions[step->device];
        const struct device *device = &g->devices[step->device];
        char class[GUID_TEXT_SIZE];

        if (decision->rule && policy_origin_format(&decision->rule->origin, &origin) < 0)
                return NULL;
        if (!o || !json_add_text(o, "verb", plan_verb_to_string(step->verb)) ||
                !json_add_text(o, "instance", device->instance_text) ||
                !json_add_text(o, "class", device_class_name(device, class)) ||
                !json_add_text(o, "driver", device->driver) || !json_add_flag(o, "rebound", step->rebound) ||
                !json_add_text(o, "rule", decision_rule_text(decision)) ||
                !json_add_text(o, "origin", origin) || !json_add_text(o, "reason", decision->reason) ||
                !json_add(o, "dependents", device_dependents_json(device)))
                return NULL;
        return TAKE(o);
}

static struct json_object *steps_json(const struct guest *g, const struct evaluation *e,
        const struct plan *p) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < p->n; i++)
                if (!json_append(a, step_json(g, e, &p->steps[i])))
                        return NULL;
        return TAKE(a);
}

static struct json_object *protected_json(const struct guest *g, const struct evaluation *e) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < e->n; i++) {
                struct plan_step nothing = { .verb = PLAN_NOTHING, .device = i };

                if (e->decisions[i].protected && !json_append(a, step_json(g, e, &nothing)))
                        return NULL;
        }
        return TAKE(a);
}

/* The mode in force: of the options if they say, else the policy's. */
static enum policy_mode mode_in_force(const struct policy *p, const struct evaluation_options *o) {
        return o && o->mode != MODE_UNSET ? o->mode : p->mode;
}

int plan_to_json(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        const struct held *held, size_t n_held, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *json = json_object_new_object();
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct evaluation_options enforcing = o ? *o : (struct evaluation_options){};
        int r;

        enforcing.mode = MODE_ENFORCE;
        r = policy_evaluate(p, g, &enforcing, &e);
        if (r < 0)
                return r;
        r = plan_make(g, e, held, n_held, &plan);
        if (r < 0)
                return r;
        if (!json || !json_add_number(json, "version", 1) ||
                !json_add_text(json, "mode", policy_mode_to_string(mode_in_force(p, o))) ||
                !json_add(json, "steps", steps_json(g, e, plan)) ||
                !json_add(json, "protected", protected_json(g, e)))
                return -ENOMEM;
        *ret = TAKE(json);
        return 0;
}
