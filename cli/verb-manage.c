/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* block, allow, forget, reload: one call to the daemon each. */
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
                fprintf(x->out.f, ": %s.\n", done);
        }
        return 0;
}

static int decide(struct context *x, const char *method, const char *device, const char *done) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        const char *instance;
        int r;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, method, &reply, "s", device);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &instance);
        if (r < 0)
                return client_bad_reply(x, r, method);
        return report(x, done, instance);
}

int verb_block(struct context *x, char **args, size_t n) {
        return decide(x, "Block", args[0], "to be blocked until the next boot");
}

int verb_allow(struct context *x, char **args, size_t n) {
        return decide(x, "Allow", args[0], "allowed until the next boot");
}

int verb_forget(struct context *x, char **args, size_t n) {
        return decide(x, "Forget", args[0], "left to the policy again");
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
