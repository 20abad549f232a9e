/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing is judged here: every answer comes from the evaluation, or from the functions that made it. */
#include "lib/policy/explain.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/json-build.h"
#include "lib/policy/decision-json.h"
#include "lib/policy/device-json.h"
#include "lib/policy/matcher.h"

#define MISMATCH_MAX 512

/* As sysfs and policies write it; null when it is not known. */
static bool add_id(struct json_object *o, const char *key, uint32_t id) {
        char text[sizeof("0xffffffff")];

        snprintf(text, sizeof(text), "0x%x", id);
        return json_add_text(o, key, id > 0 ? text : NULL);
}

/* Unset is nothing, as unread is. */
static const char *override_of(const struct device *d) {
        return d->driver_override && d->driver_override[0] ? d->driver_override : NULL;
}

static struct json_object *device_new(const struct device *d) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char class[GUID_TEXT_SIZE];

        if (!o || !json_add_text(o, "instance", d->instance_text) ||
                !json_add_text(o, "class", device_class_name(d, class)) ||
                !json_add_number(o, "relid", d->relid) || !add_id(o, "vendor", d->vendor) ||
                !add_id(o, "device", d->device) || !json_add_text(o, "driver", d->driver) ||
                !json_add_text(o, "candidate", d->candidate) || !json_add_flag(o, "bound", d->driver) ||
                !json_add_text(o, "driver-override", override_of(d)) ||
                !json_add_flag(o, "kernel-allowed", device_kernel_allowed(d)) ||
                !json_add_flag(o, "hvsock", d->hvsock) ||
                !json_add_text(o, "ring", confidentiality_to_string(d->ring)) ||
                !json_add_text(o, "dma", confidentiality_to_string(d->dma)) ||
                !json_add_text(o, "source", fact_source_to_string(d->source)) ||
                !json_add_text(o, "problem", d->problem))
                return NULL;
        return TAKE(o);
}

static struct json_object *guest_new(const struct guest *g, const struct evaluation *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "isolation", isolation_type_to_string(g->isolation.type)) ||
                !json_add_text(o, "paravisor", tristate_to_string(isolation_paravisor(&g->isolation))) ||
                !json_add_text(o, "source", isolation_source_to_string(g->isolation.source)) ||
                !json_add_flag(o, "consistent", g->isolation.problems == 0) ||
                !json_add_flag(o, "applies", e->applies) || !json_add_flag(o, "expected", e->expected) ||
                !json_add_text(o, "unexpected", e->unexpected))
                return NULL;
        return TAKE(o);
}

static struct json_object *tried_rule_new(const struct policy_rule *r, const char *mismatch) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "rule", r->id) ||
                !json_add(o, "origin", policy_origin_json(&r->origin)) ||
                !json_add_text(o, "mismatch", mismatch))
                return NULL;
        return TAKE(o);
}

/* Rules are tried where the policy was asked at all: not before a decision by hand. */
static struct json_object *tried_new(const struct policy *p, const struct guest *g, const struct device *d,
        const struct decision *decision) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();
        bool asked = decision->origin == DECIDED_BY_RULE || decision->origin == DECIDED_BY_DEFAULT ||
                decision->origin == DECIDED_BY_HAND_PERMANENT || decision->origin == DECIDED_OUTSIDE;
        char mismatch[MISMATCH_MAX];

        for (size_t i = 0; a && asked && i < p->n_rules; i++) {
                if (!explain_mismatch(&p->rules[i], g, d, mismatch, sizeof(mismatch)))
                        break;
                if (!json_append(a, tried_rule_new(&p->rules[i], mismatch)))
                        return NULL;
        }
        return TAKE(a);
}

static bool add_change(struct json_object *a, const char *format, ...) _printf_(2, 3);
static bool add_change(struct json_object *a, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;
        int size;

        va_start(ap, format);
        size = vasprintf(&text, format, ap);
        va_end(ap);
        if (size < 0)
                text = NULL;
        return text && json_append_text(a, text);
}

/* Whether nothing that the rule requires is known to be otherwise: the device violates for want of facts. */
static bool only_unknown(const struct policy_rule *r, const struct device *device) {
        return (r->ring == CONFIDENTIALITY_UNKNOWN || device->ring != CONFIDENTIALITY_PLAIN) &&
                (r->dma == CONFIDENTIALITY_UNKNOWN || device->dma != CONFIDENTIALITY_PLAIN);
}

static bool add_rule_changes(struct json_object *a, const struct device *device, const struct decision *d) {
        const struct policy_rule *r = d->rule;
        const char *must = r->ring != CONFIDENTIALITY_UNKNOWN && r->dma != CONFIDENTIALITY_UNKNOWN
                ? "ring and dma"
                : r->ring != CONFIDENTIALITY_UNKNOWN ? "ring"
                                                     : "dma";

        if (r->action != ACTION_UNSET)
                return add_change(a, "a rule before \"%s\" that matches this device", r->id);
        if (d->violates && only_unknown(r, device))
                return add_change(a, "the kernel telling that the %s of every channel is confidential",
                               must) &&
                        add_change(a, "\"unknown\": \"pass\", which trusts what is not known");
        if (d->violates)
                return add_change(a, "the host offering the %s of every channel as confidential", must);
        return add_change(a, "a channel of it without a confidential %s: then %s", must,
                policy_action_to_string(r->on_violation));
}

/* What a person could do, or the host; never what the rules would make of other facts. */
static struct json_object *changes_new(const struct evaluation *e, const struct device *device,
        const struct decision *d) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();
        char class[GUID_TEXT_SIZE];

        if (!a || (d->origin == DECIDED_BY_RULE && !add_rule_changes(a, device, d)))
                return NULL;
        if (d->origin == DECIDED_BY_DEFAULT &&
                !add_change(a, "a rule that matches class %s", device_class_name(device, class)))
                return NULL;
        if (d->origin == DECIDED_BY_HAND && !add_change(a, "cvmctl forget %s", device->instance_text))
                return NULL;
        if (d->origin == DECIDED_BY_HAND_PERMANENT &&
                !add_change(a, "cvmctl forget --permanent %s", device->instance_text))
                return NULL;
        if (d->origin == DECIDED_NOT_APPLICABLE &&
                !add_change(a, "a policy that says what isolation to expect"))
                return NULL;
        if (d->kept &&
                !add_change(a, "some time without the %s that protected it until now",
                        dependent_kind_to_string(d->kept_kind)))
                return NULL;
        if (d->dependent &&
                !add_change(a, "nothing depending on it, or \"protect\" without the %s %s",
                        dependent_kind_to_string(d->dependent->kind), d->dependent->name))
                return NULL;
        if (d->action == ACTION_BLOCK && !d->protected && e->mode != MODE_ENFORCE &&
                !add_change(a, "mode enforce: then it is blocked"))
                return NULL;
        if (d->violates && d->origin != DECIDED_BY_HAND && d->origin != DECIDED_BY_HAND_PERMANENT &&
                !add_change(a, "cvmctl allow %s", device->instance_text))
                return NULL;
        return TAKE(a);
}

int explain_device(const struct policy *p, const struct guest *g, const struct evaluation *e, size_t i,
        enum verdict verdict, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        const struct device *device = &g->devices[i];
        const struct decision *decision = &e->decisions[i];

        if (!o || !json_add(o, "device", device_new(device)) ||
                !json_add(o, "channels", device_channels_json(device)) ||
                !json_add(o, "dependents", device_dependents_json(device)) ||
                !json_add(o, "guest", guest_new(g, e)) ||
                !json_add_text(o, "mode", policy_mode_to_string(e->mode)) ||
                !json_add_flag(o, "mode-overridden", e->mode_overridden) ||
                !json_add(o, "tried", tried_new(p, g, device, decision)) ||
                !json_add(o, "decision", decision_json(p, decision)) ||
                !json_add_text(o, "verdict", verdict_to_string(verdict)) ||
                !json_add_null(o, "enforcement") ||
                !json_add(o, "would-change", changes_new(e, device, decision)))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}

int explain_add_enforcement(struct json_object *explanation, const struct explain_enforcement *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        bool problem = e->problem && e->problem[0];

        if (!o || !json_add_text(o, "state", enforcement_to_string(e->state)) ||
                !json_add_flag(o, "override-noted", e->noted) ||
                !json_add_number(o, "rebounds", e->rebounds) ||
                !json_add_text(o, "problem", problem ? e->problem : NULL))
                return -ENOMEM;
        return json_add(explanation, "enforcement", TAKE(o)) ? 0 : -ENOMEM;
}
