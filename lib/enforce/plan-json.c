/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One telling of a plan, for the bus and for what is looked at offline. */
#include "lib/enforce/plan-json.h"

#include <errno.h>

#include "lib/base/json-build.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/device-json.h"

/* A guest as one policy judges it, in one mode. */
struct judged {
        const struct guest *guest;
        struct evaluation *evaluation;
        enum verdict *verdicts; /* one for each device */
        enum guest_state state;
};

static void judged_done(struct judged *j) {
        evaluation_free(j->evaluation);
        free(j->verdicts);
}

static int judge(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        const struct held *held, size_t n_held, struct judged *ret) {
        int r = policy_evaluate(p, g, o, &ret->evaluation);

        if (r < 0)
                return r;
        ret->guest = g;
        ret->verdicts = calloc(g->n_devices + 1, sizeof(*ret->verdicts));
        if (!ret->verdicts)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_devices; i++) {
                struct held h = held_find(held, n_held, &g->devices[i].instance);

                ret->verdicts[i] = verdict_intended(ret->evaluation, &ret->evaluation->decisions[i],
                        &g->devices[i], h.state);
        }
        ret->state = state_of(ret->evaluation, ret->verdicts);
        return 0;
}

/* Which device, and who decided. */
static bool add_decision(struct json_object *o, const struct judged *j, size_t i) {
        const struct decision *decision = &j->evaluation->decisions[i];
        const struct device *device = &j->guest->devices[i];
        _cleanup_(freep) char *origin = NULL;
        char class[GUID_TEXT_SIZE];

        if (decision->rule && policy_origin_format(&decision->rule->origin, &origin) < 0)
                return false;
        return json_add_text(o, "instance", device->instance_text) &&
                json_add_text(o, "class", device_class_name(device, class)) &&
                json_add_text(o, "rule", decision_rule_text(decision)) &&
                json_add_text(o, "origin", origin) && json_add_text(o, "reason", decision->reason);
}

static struct json_object *device_json(const struct judged *now, const struct judged *enforced, size_t i) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_decision(o, now, i) ||
                !json_add_text(o, "verdict", verdict_to_string(now->verdicts[i])) ||
                !json_add_text(o, "enforced-verdict", verdict_to_string(enforced->verdicts[i])))
                return NULL;
        return TAKE(o);
}

static struct json_object *devices_json(const struct judged *now, const struct judged *enforced) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < now->guest->n_devices; i++)
                if (!json_append(a, device_json(now, enforced, i)))
                        return NULL;
        return TAKE(a);
}

static struct json_object *step_json(const struct judged *j, const struct plan_step *step) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        const struct decision *decision = &j->evaluation->decisions[step->device];
        const struct device *device = &j->guest->devices[step->device];

        if (!o || !json_add_text(o, "verb", plan_verb_to_string(step->verb)) ||
                !add_decision(o, j, step->device) || !json_add_text(o, "driver", device->driver) ||
                !json_add_flag(o, "rebound", step->rebound) ||
                !json_add(o, "dependents", device_dependents_json(device)))
                return NULL;
        if (decision->protected && decision->dependent
                        ? !json_add(o, "protected-by", device_dependent_json(decision->dependent))
                        : !json_add_null(o, "protected-by"))
                return NULL;
        return TAKE(o);
}

static struct json_object *steps_json(const struct judged *j, const struct plan *p) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < p->n; i++)
                if (!json_append(a, step_json(j, &p->steps[i])))
                        return NULL;
        return TAKE(a);
}

static struct json_object *protected_json(const struct judged *j) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < j->guest->n_devices; i++) {
                struct plan_step nothing = { .verb = PLAN_NOTHING, .device = i };

                if (j->evaluation->decisions[i].protected && !json_append(a, step_json(j, &nothing)))
                        return NULL;
        }
        return TAKE(a);
}

static bool add_guest(struct json_object *o, const struct policy *p, const struct judged *now,
        const struct judged *enforced) {
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&p->digest, digest);
        return json_add_number(o, "version", 1) && json_add_text(o, "digest", digest) &&
                json_add_text(o, "mode", policy_mode_to_string(now->evaluation->mode)) &&
                json_add_flag(o, "mode-overridden", now->evaluation->mode_overridden) &&
                json_add_text(o, "unexpected", now->evaluation->unexpected) &&
                json_add_text(o, "state", guest_state_to_string(now->state)) &&
                json_add_text(o, "enforced-state", guest_state_to_string(enforced->state));
}

int plan_to_json(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        const struct held *held, size_t n_held, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *json = json_object_new_object();
        _cleanup_(judged_done) struct judged now = {}, enforced = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct evaluation_options how = o ? *o : (struct evaluation_options){};
        int r = judge(p, g, &how, held, n_held, &now);

        how.mode = MODE_ENFORCE;
        if (r >= 0)
                r = judge(p, g, &how, held, n_held, &enforced);
        if (r >= 0)
                r = plan_make(g, enforced.evaluation, held, n_held, &plan);
        if (r < 0)
                return r;
        if (!json || !add_guest(json, p, &now, &enforced) ||
                !json_add(json, "devices", devices_json(&now, &enforced)) ||
                !json_add(json, "steps", steps_json(&enforced, plan)) ||
                !json_add(json, "protected", protected_json(&enforced)))
                return -ENOMEM;
        *ret = TAKE(json);
        return 0;
}
