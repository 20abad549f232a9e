/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain and plan: the JSON that the daemon answers with, or the same made here, and its telling as text.
 */
#include <errno.h>
#include <json-c/json_tokener.h>

#include "cli/explain-text.h"
#include "cli/exposure-view.h"
#include "cli/offline.h"
#include "cli/proposal.h"
#include "cli/verbs.h"
#include "cli/view-bus.h"
#include "lib/base/json-build.h"
#include "lib/enforce/plan-json.h"
#include "lib/policy/explain.h"

/* Reads a reply that is one string of JSON. */
static int read_json(struct context *x, sd_bus_message *reply, const char *what, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *json = NULL;
        const char *text;
        int r = sd_bus_message_read(reply, "s", &text);

        if (r < 0)
                return client_bad_reply(x, r, what);
        json = json_tokener_parse(text);
        if (!json_object_is_type(json, json_type_object))
                return client_bad_reply(x, -EBADMSG, what);
        *ret = TAKE(json);
        return 0;
}

static int ask_explain(struct context *x, const char *word, struct json_object **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        _cleanup_(view_done) struct view v = {};
        const struct device_view *found;
        char path[DEVICE_PATH_SIZE];
        int r;

        r = client_open(x, &bus);
        if (r >= 0)
                r = view_load_bus(x, bus, &v);
        if (r >= 0)
                r = view_resolve(&v, word, &found, &x->diag);
        if (r >= 0)
                r = client_device_path(x, found->instance, path);
        if (r < 0)
                return r;
        r = client_call(x, bus, path, CVMD_DEVICE, "Explain", &reply, NULL);
        return r < 0 ? r : read_json(x, reply, "Explain", ret);
}

static int make_explain(struct context *x, const char *word, struct json_object **ret) {
        _cleanup_(offline_done) struct offline o = {};
        _cleanup_(json_putp) struct json_object *json = NULL;
        const struct exposure_view nothing = {};
        const struct device *d;
        size_t i;
        int r;

        r = offline_load(x, &o);
        if (r >= 0)
                r = guest_resolve(o.guest, word, &d, &x->diag);
        if (r < 0)
                return r;
        i = (size_t)(d - o.guest->devices);
        r = explain_device(o.policy, o.guest, o.evaluation, i, o.verdicts[i], &json);
        if (r < 0)
                return r;
        if (!exposure_add_json(json, &nothing))
                return -ENOMEM;
        *ret = TAKE(json);
        return 0;
}

int verb_explain(struct context *x, char **args, size_t n) {
        _cleanup_(json_putp) struct json_object *json = NULL;
        int r;

        r = options_offline(x->options) ? make_explain(x, args[0], &json) : ask_explain(x, args[0], &json);
        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF)
                output_json(&x->out, json);
        else
                explain_print(json, &x->out);
        return 0;
}

/* By the policy in force, or by another one. */
static int ask_plan(struct context *x, struct json_object **ret) {
        bool another = x->options->n_policies > 0;
        const char *method = another ? "Evaluate" : "Plan";
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        int r;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = another ? proposal_call(x, bus, method, NULL, 0, &reply, NULL)
                    : client_call(x, bus, CVMD_PATH, CVMD_MANAGER, method, &reply, NULL);
        return r < 0 ? r : read_json(x, reply, method, ret);
}

static int make_plan(struct context *x, struct json_object **ret) {
        struct evaluation_options how = { .mode = x->options->mode };
        _cleanup_(offline_done) struct offline o = {};
        _cleanup_(freep) struct held *held = NULL;
        size_t n_held = 0;
        int r;

        r = offline_load(x, &o);
        if (r < 0)
                return r;
        held = calloc(o.guest->n_devices ?: 1, sizeof(*held));
        if (!held)
                return -ENOMEM;
        for (size_t i = 0; i < o.guest->n_devices; i++)
                if (o.verdicts[i] == VERDICT_BLOCKED)
                        held[n_held++] = (struct held){
                                .instance = o.guest->devices[i].instance,
                                .state = ENFORCEMENT_BLOCKED,
                        };
        return plan_to_json(o.policy, o.guest, &how, held, n_held, ret);
}

int verb_plan(struct context *x, char **args, size_t n) {
        _cleanup_(json_putp) struct json_object *json = NULL;
        int r;

        r = options_offline(x->options) ? make_plan(x, &json) : ask_plan(x, &json);
        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF)
                output_json(&x->out, json);
        else
                plan_print(json, &x->out);
        return 0;
}
