/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that explanations and plans name channels and dependents alike. */
#include "lib/policy/device-json.h"

#include "lib/base/json-build.h"

static struct json_object *channel_json(const struct channel *c) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "relid", c->relid) || !json_add_number(o, "sub", c->sub) ||
                !json_add_text(o, "ring", confidentiality_to_string(c->ring)) ||
                !json_add_text(o, "dma", confidentiality_to_string(c->dma)) ||
                !json_add_text(o, "source", fact_source_to_string(c->source)))
                return NULL;
        return TAKE(o);
}

struct json_object *device_dependent_json(const struct dependent *d) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "kind", dependent_kind_to_string(d->kind)) ||
                !json_add_text(o, "name", d->name) || !json_add_text(o, "through", d->through))
                return NULL;
        return TAKE(o);
}

struct json_object *device_channels_json(const struct device *d) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < d->n_channels; i++)
                if (!json_append(a, channel_json(&d->channels[i])))
                        return NULL;
        return TAKE(a);
}

struct json_object *device_dependents_json(const struct device *d) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < d->n_dependents; i++)
                if (!json_append(a, device_dependent_json(&d->dependents[i])))
                        return NULL;
        return TAKE(a);
}
