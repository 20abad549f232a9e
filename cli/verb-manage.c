/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* block, allow, forget, confirm, trial, reload: one call to the daemon each. */
#include <errno.h>

#include "cli/bus-client.h"
#include "cli/verbs.h"
#include "lib/base/json-build.h"

/* Says what was done: as a sentence, or as {"instance":...}. */
static int report(struct context *x, const char *done, const char *instance) {
        _cleanup_(json_putp) struct json_object *json = NULL;

        if (x->out.json != JSON_OFF) {
                json = json_object_new_object();
                if (!json || (instance && !json_add_text(json, "instance", instance)))
                        return -ENOMEM;
                output_json(&x->out, json);
                return 0;
        }
        if (instance) {
                output_text(&x->out, instance);
                fprintf(x->out.f, ": %s", done);
                if (x->options->confirm_within > 0)
                        fprintf(x->out.f, ", unless not confirmed within %u s (cvmctl confirm)",
                                x->options->confirm_within);
                fputs(".\n", x->out.f);
        }
        return 0;
}

static int append_options(const struct options *o, sd_bus_message *call) {
        int r = sd_bus_message_open_container(call, 'a', "{sv}");

        if (r >= 0 && o->given[OPTION_PERMANENT])
                r = sd_bus_message_append(call, "{sv}", "permanent", "b", 1);
        if (r >= 0 && o->given[OPTION_CONFIRM_WITHIN])
                r = sd_bus_message_append(call, "{sv}", "confirm-within", "u", o->confirm_within);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int decide(struct context *x, const char *method, const char *device, const char *done) {
        _cleanup_(messagep) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        const char *instance;
        int r;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_prepare(bus, CVMD_MANAGER, method, &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", device);
        if (r >= 0)
                r = append_options(x->options, call);
        if (r < 0)
                return diag_errno(&x->diag, r, "%s", method);
        r = client_send(x, bus, call, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &instance);
        if (r < 0)
                return client_bad_reply(x, r, method);
        return report(x, done, instance);
}

int verb_block(struct context *x, char **args, size_t n) {
        return decide(x, "Block", args[0],
                x->options->given[OPTION_PERMANENT] ? "to be blocked permanently"
                                                    : "to be blocked until the next boot");
}

int verb_allow(struct context *x, char **args, size_t n) {
        return decide(x, "Allow", args[0],
                x->options->given[OPTION_PERMANENT] ? "allowed permanently" : "allowed until the next boot");
}

int verb_forget(struct context *x, char **args, size_t n) {
        return decide(x, "Forget", args[0], "left to the policy again");
}

/* Every instance as a sentence, or {"instances":[...]}. */
static int report_confirmed(struct context *x, sd_bus_message *reply) {
        _cleanup_(json_putp) struct json_object *json = json_object_new_object();
        struct json_object *list = json_object_new_array();
        const char *instance;
        int r = sd_bus_message_enter_container(reply, 'a', "s");

        if (!json || !json_add(json, "instances", list))
                return -ENOMEM;
        while (r >= 0 && (r = sd_bus_message_read_basic(reply, 's', &instance)) > 0) {
                if (!json_append_text(list, instance))
                        return -ENOMEM;
                if (x->out.json != JSON_OFF)
                        continue;
                output_text(&x->out, instance);
                fputs(": confirmed.\n", x->out.f);
        }
        if (r < 0)
                return client_bad_reply(x, r, "Confirm");
        if (x->out.json != JSON_OFF)
                output_json(&x->out, json);
        return 0;
}

#define TRIAL_BOOTS 3u

int verb_trial_start(struct context *x, char **args, size_t n) {
        uint32_t boots = x->options->boots > 0 ? x->options->boots : TRIAL_BOOTS;
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r;

        r = client_open(x, &bus);
        if (r >= 0)
                r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "StartTrial", NULL, "u", boots);
        if (r < 0)
                return r;
        if (x->out.json == JSON_OFF)
                fprintf(x->out.f, "On trial for %u %s: then, cvmctl confirm --trial.\n", boots,
                        boots == 1 ? "boot" : "boots");
        return report(x, NULL, NULL);
}

static int confirm_trial(struct context *x) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r = client_open(x, &bus);

        if (r >= 0)
                r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "ConfirmTrial", NULL, NULL);
        if (r < 0)
                return r;
        if (x->out.json == JSON_OFF)
                fputs("The trial is confirmed: the policy's mode is in force.\n", x->out.f);
        return report(x, NULL, NULL);
}

int verb_confirm(struct context *x, char **args, size_t n) {
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r;

        if (x->options->given[OPTION_TRIAL])
                return n > 0 ? context_usage(x, "--trial is about no device") : confirm_trial(x);
        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "Confirm", &reply, "s", n > 0 ? args[0] : "");
        return r < 0 ? r : report_confirmed(x, reply);
}

int verb_reload(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "Reload", NULL, NULL);
        return r < 0 ? r : report(x, NULL, NULL);
}
