/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From structs to words, as the daemon does for the bus. */
#include "cli/view-offline.h"

#include <errno.h>
#include <string.h>

#include "lib/policy/decision-text.h"

/* A copy that is never NULL but for want of memory, which is asked for once. */
static char *copy(const char *text, bool *bad) {
        char *s = strdup(text ?: "");

        if (!s)
                *bad = true;
        return s;
}

static int load_channels(const struct device *from, struct device_view *d) {
        bool bad = false;

        d->channels = calloc(from->n_channels ?: 1, sizeof(*d->channels));
        if (!d->channels)
                return -ENOMEM;
        d->n_channels = from->n_channels;
        for (size_t i = 0; i < from->n_channels; i++) {
                const struct channel *c = &from->channels[i];

                d->channels[i] = (struct channel_view){
                        .relid = c->relid,
                        .sub = c->sub,
                        .ring = copy(confidentiality_to_string(c->ring), &bad),
                        .dma = copy(confidentiality_to_string(c->dma), &bad),
                        .source = copy(fact_source_to_string(c->source), &bad),
                };
        }
        return bad ? -ENOMEM : 0;
}

static int load_dependents(const struct device *from, struct device_view *d) {
        bool bad = false;

        d->dependents_known = true;
        d->dependents = calloc(from->n_dependents ?: 1, sizeof(*d->dependents));
        if (!d->dependents)
                return -ENOMEM;
        d->n_dependents = from->n_dependents;
        for (size_t i = 0; i < from->n_dependents; i++) {
                const struct dependent *p = &from->dependents[i];

                d->dependents[i] = (struct dependent_view){
                        .kind = copy(dependent_kind_to_string(p->kind), &bad),
                        .name = copy(p->name, &bad),
                        .through = copy(p->through, &bad),
                };
        }
        return bad ? -ENOMEM : 0;
}

static int load_decision(const struct decision *from, enum verdict verdict, struct device_view *d) {
        bool bad = false;

        d->verdict = copy(verdict_to_string(verdict), &bad);
        d->rule = copy(decision_rule_text(from), &bad);
        d->reason = copy(from->reason, &bad);
        if (!from->rule)
                d->rule_origin = copy("", &bad);
        else if (policy_origin_format(&from->rule->origin, &d->rule_origin) < 0)
                bad = true;
        return bad ? -ENOMEM : 0;
}

static int load_device(const struct device *from, struct device_view *d) {
        char buffer[GUID_TEXT_SIZE], class_id[GUID_TEXT_SIZE];
        bool bad = false;
        int r;

        guid_format(&from->class, class_id);
        d->instance = copy(from->instance_text, &bad);
        d->class = copy(device_class_name(from, buffer), &bad);
        d->class_id = copy(class_id, &bad);
        d->relid = from->relid;
        d->vendor = from->vendor;
        d->device = from->device;
        d->driver = copy(from->driver ?: from->candidate, &bad);
        d->bound = from->driver != NULL;
        d->kernel_allowed = device_kernel_allowed(from);
        d->ring = copy(confidentiality_to_string(from->ring), &bad);
        d->dma = copy(confidentiality_to_string(from->dma), &bad);
        d->source = copy(fact_source_to_string(from->source), &bad);
        r = load_channels(from, d);
        if (r >= 0)
                r = load_dependents(from, d);
        return bad ? -ENOMEM : r;
}

static int load_policy(const struct policy *p, struct view *v) {
        char digest[DIGEST_TEXT_SIZE];
        bool bad = false;
        int r = 0;

        digest_format(&p->digest, digest);
        v->digest = copy(digest, &bad);
        v->rules = (uint32_t)p->n_rules;
        v->built_in = p->built_in;
        for (size_t i = 0; i < p->n_files && r == 0; i++)
                r = view_add_string(&v->files, p->files[i]);
        return bad ? -ENOMEM : r;
}

static int load_guest(const struct guest *g, struct view *v) {
        const struct isolation *i = &g->isolation;
        char version[32] = "";
        bool bad = false;
        int r = 0;

        if (g->vmbus_major > 0)
                snprintf(version, sizeof(version), "%u.%u", g->vmbus_major, g->vmbus_minor);
        v->isolation = copy(isolation_type_to_string(i->type), &bad);
        v->isolation_mode = copy(isolation_mode_to_string(i->mode), &bad);
        v->scheme = copy(encryption_scheme_to_string(i->scheme), &bad);
        v->isolation_source = copy(isolation_source_to_string(i->source), &bad);
        v->paravisor = i->mode == ISOLATION_MODE_PARAVISOR;
        v->consistent = i->problems == 0;
        v->boundary_bits = i->boundary_bits;
        v->vmbus_version = copy(version, &bad);
        v->confidential = copy(tristate_to_string(g->connection_confidential), &bad);
        for (size_t w = 0; w < g->n_warnings && r == 0; w++)
                r = view_add_string(&v->warnings, g->warnings[w]);
        return bad ? -ENOMEM : r;
}

static int load(const struct offline *o, struct view *v) {
        bool bad = false;
        int r;

        v->state = copy(guest_state_to_string(o->state), &bad);
        v->mode = copy(policy_mode_to_string(o->evaluation->mode), &bad);
        v->mode_overridden = o->evaluation->mode_overridden;
        v->gate = copy(gate_state_to_string(gate_state_of(o->evaluation, o->guest)), &bad);
        v->log_head = copy("", &bad);
        r = load_guest(o->guest, v);
        for (size_t i = 0; i < o->policy->n_warnings && r >= 0; i++)
                r = view_add_string(&v->warnings, o->policy->warnings[i]);
        if (r >= 0 && o->evaluation->unexpected)
                r = view_add_string(&v->warnings, o->evaluation->unexpected);
        if (r >= 0)
                r = load_policy(o->policy, v);
        for (size_t i = 0; i < o->guest->n_devices && r >= 0; i++) {
                struct device_view *d = view_add_device(v);

                r = d ? load_device(&o->guest->devices[i], d) : -ENOMEM;
                if (r >= 0)
                        r = load_decision(&o->evaluation->decisions[i], o->verdicts[i], d);
        }
        if (r >= 0 && !bad)
                r = view_finish(v);
        return bad ? -ENOMEM : r;
}

int view_load_offline(const struct offline *o, struct view *ret) {
        _cleanup_(view_done) struct view v = {};
        int r = load(o, &v);

        if (r < 0)
                return r;
        *ret = v;
        v = (struct view){};
        return 0;
}
