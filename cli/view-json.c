/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys are added, never renamed: a test holds them against what was promised. */
#include "cli/view-json.h"

#include <errno.h>

#include "lib/base/json-build.h"

static const char *or_null(const char *text) {
        return text && *text ? text : NULL;
}

static struct json_object *strings_json(char *const *list) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        if (!a)
                return NULL;
        for (; list && *list; list++)
                if (!json_append_text(a, *list))
                        return NULL;
        return TAKE(a);
}

static struct json_object *isolation_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "type", v->isolation) || !json_add_flag(o, "paravisor", v->paravisor) ||
                !json_add_number(o, "boundary-bits", v->boundary_bits) ||
                !json_add_text(o, "source", v->isolation_source) ||
                !json_add_flag(o, "consistent", v->consistent))
                return NULL;
        return TAKE(o);
}

static struct json_object *vmbus_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "version", or_null(v->vmbus_version)) ||
                !json_add_text(o, "confidential", v->confidential))
                return NULL;
        return TAKE(o);
}

static struct json_object *policy_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "digest", v->digest) || !json_add(o, "files", strings_json(v->files)) ||
                !json_add_number(o, "rules", v->rules))
                return NULL;
        return TAKE(o);
}

static struct json_object *counts_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "total", v->n_devices))
                return NULL;
        for (enum verdict i = VERDICT_UNSET + 1; i < _VERDICT_MAX; i++)
                if (!json_add_number(o, verdict_to_string(i), view_count(v, i)))
                        return NULL;
        return TAKE(o);
}

static struct json_object *providers_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < v->n_providers; i++)
                if (v->providers[i].there && !json_append_text(a, v->providers[i].name))
                        return NULL;
        return TAKE(a);
}

struct json_object *view_providers_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < v->n_providers; i++) {
                struct json_object *o = json_object_new_object();

                if (!json_append(a, o) || !json_add_text(o, "provider", v->providers[i].name) ||
                        !json_add_flag(o, "available", v->providers[i].there) ||
                        !json_add_text(o, "why", v->providers[i].why))
                        return NULL;
        }
        return TAKE(a);
}

static struct json_object *attestation_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add(o, "providers", providers_json(v)) ||
                !json_add(o, "details", view_providers_json(v)))
                return NULL;
        return TAKE(o);
}

static struct json_object *log_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "sequence", v->log_sequence) || !json_add_text(o, "head", v->log_head))
                return NULL;
        return TAKE(o);
}

static struct json_object *trial_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "phase", v->trial) || !json_add_number(o, "boots", v->trial_boots) ||
                !json_add_number(o, "clean", v->trial_clean))
                return NULL;
        return TAKE(o);
}

static struct json_object *unconfirmed_json(const struct view *v) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < v->n_unconfirmed; i++) {
                const struct unconfirmed_view *u = &v->unconfirmed[i];
                struct json_object *o = json_object_new_object();

                if (!json_append(a, o) || !json_add_text(o, "instance", u->instance) ||
                        !json_add_text(o, "decision", u->decision) ||
                        !json_add_flag(o, "permanent", u->permanent) ||
                        !json_add_number(o, "seconds-left", view_seconds_left(u)))
                        return NULL;
        }
        return TAKE(a);
}

int view_status_json(const struct view *v, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "version", 1) || !json_add_text(o, "state", v->state) ||
                !json_add_text(o, "mode", v->mode) || !json_add(o, "isolation", isolation_json(v)) ||
                !json_add(o, "vmbus", vmbus_json(v)) || !json_add(o, "policy", policy_json(v)) ||
                !json_add(o, "devices", counts_json(v)) || !json_add(o, "attestation", attestation_json(v)))
                return -ENOMEM;
        if (*v->log_head ? !json_add(o, "log", log_json(v)) : !json_add_null(o, "log"))
                return -ENOMEM;
        if (!json_add(o, "warnings", strings_json(v->warnings)) ||
                !json_add(o, "unconfirmed", unconfirmed_json(v)) || !json_add_text(o, "gate", v->gate))
                return -ENOMEM;
        if (view_on_trial(v) ? !json_add(o, "trial", trial_json(v)) : !json_add_null(o, "trial"))
                return -ENOMEM;
        if (!tried_add_json(o, &v->tried))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}

static struct json_object *channels_json(const struct device_view *d) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < d->n_channels; i++) {
                const struct channel_view *c = &d->channels[i];
                struct json_object *o = json_object_new_object();

                if (!json_append(a, o) || !json_add_number(o, "relid", c->relid) ||
                        !json_add_number(o, "sub", c->sub) || !json_add_text(o, "ring", c->ring) ||
                        !json_add_text(o, "dma", c->dma) || !json_add_text(o, "source", c->source))
                        return NULL;
        }
        return TAKE(a);
}

static struct json_object *dependents_json(const struct device_view *d) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < d->n_dependents; i++) {
                const struct dependent_view *p = &d->dependents[i];
                struct json_object *o = json_object_new_object();

                if (!json_append(a, o) || !json_add_text(o, "kind", p->kind) ||
                        !json_add_text(o, "name", p->name) ||
                        !json_add_text(o, "through", or_null(p->through)))
                        return NULL;
        }
        return TAKE(a);
}

int view_device_json(const struct device_view *d, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "instance", d->instance) || !json_add_text(o, "class", d->class) ||
                !json_add_number(o, "relid", d->relid) || !json_add_text(o, "driver", or_null(d->driver)) ||
                !json_add_flag(o, "bound", d->bound) || !json_add_text(o, "ring", d->ring) ||
                !json_add_text(o, "dma", d->dma) || !json_add_text(o, "source", d->source) ||
                !json_add_text(o, "verdict", d->verdict) || !json_add_text(o, "rule", d->rule) ||
                !json_add_text(o, "reason", or_null(d->reason)) ||
                !json_add(o, "channels", channels_json(d)))
                return -ENOMEM;
        if (d->dependents_known ? !json_add(o, "dependents", dependents_json(d))
                                : !json_add_null(o, "dependents"))
                return -ENOMEM;
        if (!exposure_add_json(o, &d->exposure))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}

int view_devices_json(const struct view *v, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        if (!a)
                return -ENOMEM;
        for (size_t i = 0; i < v->n_devices; i++) {
                struct json_object *o;

                if (view_device_json(&v->devices[i], &o) < 0 || !json_append(a, o))
                        return -ENOMEM;
        }
        *ret = TAKE(a);
        return 0;
}
