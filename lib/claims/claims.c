/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words are those of cvmctl's outputs, so that a relying party reads what an administrator sees. */
#include "lib/claims/claims.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/canonical-json.h"
#include "lib/base/json-build.h"
#include "lib/enforce/exposure-json.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/device-json.h"

static bool add_digest(struct json_object *o, const char *key, const struct digest *digest) {
        char text[DIGEST_TEXT_SIZE];

        digest_format(digest, text);
        return json_add_text(o, key, text);
}

static struct json_object *isolation_json(const struct isolation *i) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "type", isolation_type_to_string(i->type)) ||
                !json_add_text(o, "mode", isolation_mode_to_string(i->mode)) ||
                !json_add_flag(o, "paravisor", i->mode == ISOLATION_MODE_PARAVISOR) ||
                !json_add_text(o, "scheme", encryption_scheme_to_string(i->scheme)) ||
                !json_add_number(o, "boundary-bits", i->boundary_bits) ||
                !json_add_text(o, "source", isolation_source_to_string(i->source)) ||
                !json_add_flag(o, "consistent", i->problems == 0))
                return NULL;
        return TAKE(o);
}

static bool add_vmbus_version(struct json_object *o, const struct guest *g) {
        char text[32];

        if (g->vmbus_major == 0 && g->vmbus_minor == 0)
                return json_add_null(o, "version");
        snprintf(text, sizeof(text), "%u.%u", g->vmbus_major, g->vmbus_minor);
        return json_add_text(o, "version", text);
}

static struct json_object *vmbus_json(const struct guest *g) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_vmbus_version(o, g) ||
                !json_add_text(o, "confidential", tristate_to_string(g->connection_confidential)))
                return NULL;
        return TAKE(o);
}

/* "mode" is as the policy has it; what is in force stands at the top. */
static struct json_object *policy_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_digest(o, "digest", &p->digest) ||
                !json_add_text(o, "mode", policy_mode_to_string(p->mode)) ||
                !json_add_number(o, "rules", p->n_rules) || !json_add_flag(o, "built-in", p->built_in))
                return NULL;
        return TAKE(o);
}

static struct json_object *by_hand_json(const struct claims *c) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < c->n_by_hand; i++) {
                struct json_object *o = json_object_new_object();
                char instance[GUID_TEXT_SIZE];

                guid_format(&c->by_hand[i].instance, instance);
                if (!json_append(a, o) || !json_add_text(o, "instance", instance) ||
                        !json_add_text(o, "decision", c->by_hand[i].allow ? "allow" : "block"))
                        return NULL;
        }
        return TAKE(a);
}

static struct json_object *exposure_json(const struct exposure *e, uint64_t now) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct exposure_sum sum = exposure_sum(e, now);

        if (!o || !json_add(o, "times", exposure_times_json(e->times)) ||
                !json_add(o, "exposed", exposure_sum_json(&sum)))
                return NULL;
        return TAKE(o);
}

static bool add_exposure(struct json_object *o, const struct claims_device *d, uint64_t now) {
        return d->exposure ? json_add(o, "exposure", exposure_json(d->exposure, now))
                           : json_add_null(o, "exposure");
}

static struct json_object *device_json(const struct claims *c, size_t i) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        const struct device *d = &c->guest->devices[i];
        const struct claims_device *said = &c->devices[i];
        char class[GUID_TEXT_SIZE], buffer[GUID_TEXT_SIZE];

        guid_format(&d->class, class);
        if (!o || !json_add_text(o, "instance", d->instance_text) ||
                !json_add_text(o, "class", device_class_name(d, buffer)) ||
                !json_add_text(o, "class-id", class) || !json_add_number(o, "relid", d->relid) ||
                !json_add_text(o, "driver", d->driver ?: d->candidate) ||
                !json_add_flag(o, "bound", d->driver) ||
                !json_add_text(o, "ring", confidentiality_to_string(d->ring)) ||
                !json_add_text(o, "dma", confidentiality_to_string(d->dma)) ||
                !json_add_text(o, "source", fact_source_to_string(d->source)) ||
                !json_add(o, "channels", device_channels_json(d)))
                return NULL;
        if (!json_add_text(o, "verdict", verdict_to_string(said->verdict)) ||
                !json_add_text(o, "rule", decision_rule_text(&c->evaluation->decisions[i])) ||
                !json_add_text(o, "reason", said->reason) || !add_exposure(o, said, c->since_boot_usec))
                return NULL;
        return TAKE(o);
}

static struct json_object *devices_json(const struct claims *c) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < c->guest->n_devices; i++)
                if (!json_append(a, device_json(c, i)))
                        return NULL;
        return TAKE(a);
}

static struct json_object *log_json(const struct claims *c) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "sequence", c->log_sequence) || !add_digest(o, "head", &c->log_head))
                return NULL;
        return TAKE(o);
}

static struct json_object *caller_json(const struct claims *c) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "uid", c->caller_uid) || !json_add_text(o, "unit", c->caller_unit))
                return NULL;
        return TAKE(o);
}

/* What is in force. */
static bool add_judgement(struct json_object *o, const struct claims *c) {
        return json_add_text(o, "state", guest_state_to_string(c->state)) &&
                json_add_text(o, "mode", policy_mode_to_string(c->evaluation->mode)) &&
                json_add_flag(o, "mode-overridden", c->evaluation->mode_overridden) &&
                json_add_flag(o, "expected", c->evaluation->expected) &&
                json_add_text(o, "gate", gate_state_to_string(c->gate)) &&
                json_add(o, "policy", policy_json(c->policy)) && json_add(o, "by-hand", by_hand_json(c));
}

/* Who says it, when, to whom. */
static bool add_circumstances(struct json_object *o, const struct claims *c) {
        return json_add(o, "log", log_json(c)) && json_add_text(o, "boot-id", c->boot_id) &&
                json_add_number(o, "time-usec", c->time_usec) &&
                json_add_number(o, "since-boot-usec", c->since_boot_usec) &&
                json_add_text(o, "cvmd", c->version) && json_add_text(o, "kernel", c->kernel) &&
                json_add(o, "caller", caller_json(c));
}

int claims_format(const struct claims *c, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "version", 1) || !json_add_flag(o, "self-asserted", true) ||
                !json_add(o, "isolation", isolation_json(&c->guest->isolation)) ||
                !json_add(o, "vmbus", vmbus_json(c->guest)) || !add_judgement(o, c) ||
                !json_add(o, "devices", devices_json(c)) || !add_circumstances(o, c))
                return -ENOMEM;
        return canonical_json(o, ret);
}
