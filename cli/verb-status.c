/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status, devices, device: load a view from where the options say, print it as they say. */
#include <errno.h>
#include <string.h>

#include "cli/verbs.h"
#include "cli/view-bus.h"
#include "cli/view-json.h"
#include "cli/view-load.h"
#include "cli/view-text.h"
#include "lib/base/json-build.h"

/* r: of what made the json. */
static int print_json(struct context *x, int r, struct json_object **json) {
        if (r == 0)
                output_json(&x->out, *json);
        return r;
}

int verb_status(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;
        _cleanup_(view_done) struct view v = {};
        int r, state;

        r = view_load(x, &bus, &v);
        if (r < 0)
                return r;
        state = guest_state_from_string(v.state);
        if (state != STATE_COMPLIANT && state != STATE_NOT_APPLICABLE)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        if (x->out.json != JSON_OFF)
                return print_json(x, view_status_json(&v, &json), &json);
        return view_print_status(&v, &x->out);
}

int verb_devices(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;
        _cleanup_(view_done) struct view v = {};
        int r;

        r = view_load(x, &bus, &v);
        if (r < 0)
                return r;
        if (x->out.json == JSON_OFF)
                return view_print_devices(&v, &x->out);
        for (size_t i = 0; bus && i < v.n_devices && r >= 0; i++)
                r = view_load_dependents(x, bus, &v.devices[i]);
        if (r < 0)
                return r;
        return print_json(x, view_devices_json(&v, &json), &json);
}

int verb_device(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;
        _cleanup_(view_done) struct view v = {};
        const struct device_view *found;
        struct device_view *d;
        int r;

        r = view_load(x, &bus, &v);
        if (r >= 0)
                r = view_resolve(&v, args[0], &found, &x->diag);
        if (r < 0)
                return r;
        d = &v.devices[found - v.devices];
        if (bus)
                r = view_load_dependents(x, bus, d);
        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF)
                return print_json(x, view_device_json(d, &json), &json);
        return view_print_device(d, &x->out);
}
