/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.cvmd1.Manager: the guest as a whole, and what is asked of cvmd. */
#include <errno.h>

#include "daemon/authz.h"
#include "daemon/bus-private.h"
#include "daemon/errors.h"
#include "daemon/manager-properties.h"
#include "lib/policy/decision-text.h"

static int get_property(sd_bus *connection, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        const struct property_object o = { .picture = manager_picture(b->manager) };

        return property_append(manager_properties, N_MANAGER_PROPERTIES, property, &o, reply);
}

static int get_counters(sd_bus *connection, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        const struct manager_counters c = manager_counters(b->manager);

        return sd_bus_message_append(reply, "a{st}", 10u, "looks", c.looks, "arrivals", c.arrivals,
                "decisions", c.decisions, "rescans", c.rescans, "uevents", c.uevents, "uevents-forged",
                c.uevents_forged, "receive-errors", c.receive_errors, "rebounds", c.rebounds, "actions",
                c.actions, "actions-failed", c.actions_failed);
}

/* 1: the caller may; 0: that is being asked. For what is about no single device. */
static int check_caller(sd_bus_message *call, void *bus, enum authz_action action, const char *operation,
        sd_bus_message_handler_t method, sd_bus_error *error) {
        const struct authz_query q = { action, operation, .method = method, .userdata = bus };
        const struct bus *b = bus;

        return authz_check(b->authz, call, &q, NULL, error);
}

static int method_reload(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        struct diag d = {};
        int r = check_caller(call, userdata, AUTHZ_MANAGE_POLICY, "reload", method_reload, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_reload(b->manager, &d);
        return r < 0 ? error_set(error, r, &d) : sd_bus_reply_method_return(call, NULL);
}

static int method_rescan(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        struct diag d = {};
        int r = check_caller(call, userdata, AUTHZ_MANAGE_DEVICE, "rescan", method_rescan, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_rescan(b->manager, &d);
        return r < 0 ? error_set(error, r, &d) : sd_bus_reply_method_return(call, NULL);
}

static int method_block(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return decide_bus_call(call, userdata, BY_HAND_BLOCK, method_block, error);
}

static int method_allow(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return decide_bus_call(call, userdata, BY_HAND_ALLOW, method_allow, error);
}

static int method_forget(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return decide_bus_call(call, userdata, BY_HAND_FORGET, method_forget, error);
}

static int method_start_trial(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        uint32_t boots;
        int r = sd_bus_message_read(call, "u", &boots);

        if (r < 0)
                return r;
        if (boots == 0)
                return error_set(error, -EINVAL, &(struct diag){ "a trial takes at least one boot" });
        r = check_caller(call, userdata, AUTHZ_MANAGE_POLICY, "start-trial", method_start_trial, error);
        return r <= 0 ? (r < 0 ? r : 1) : trial_bus_call(call, userdata, boots, error);
}

static int method_confirm_trial(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        int r = check_caller(call, userdata, AUTHZ_MANAGE_POLICY, "confirm-trial", method_confirm_trial,
                error);

        return r <= 0 ? (r < 0 ? r : 1) : trial_bus_call(call, userdata, 0, error);
}

static int method_plan(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};
        int r = check_caller(call, userdata, AUTHZ_MANAGE_POLICY, "plan", method_plan, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_plan(b->manager, &text, &d);
        return r < 0 ? error_set(error, r, &d) : sd_bus_reply_method_return(call, "s", text);
}

static int method_end_try(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        struct diag d = {};
        int r = check_caller(call, userdata, AUTHZ_MANAGE_POLICY, "end-try", method_end_try, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_end_try(b->manager, &d);
        return r < 0 ? error_set(error, r, &d) : sd_bus_reply_method_return(call, NULL);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define DEVICE_IN SD_BUS_ARGS("s", device)
#define DECISION_IN SD_BUS_ARGS("s", device, "a{sv}", options)
#define POLICY_IN SD_BUS_ARGS("a(sh)", files)
#define INSTANCE_OUT SD_BUS_RESULT("s", instance)

/* sd-bus lets everybody call: authz_check() says who may. */
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_property, 0, CONST),
        SD_BUS_PROPERTY("State", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Mode", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("ModeOverridden", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Gate", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("PolicyDigest", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("PolicyFiles", "as", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("PolicyRules", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("PolicyBuiltIn", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("IsolationType", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("IsolationMode", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("EncryptionScheme", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("IsolationSource", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("IsolationConsistent", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("BoundaryBits", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Paravisor", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("ConfidentialVMBus", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("VMBusVersion", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("ProbeMethod", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("LogSequence", "t", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("LogHead", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("TriedDigest", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("TriedUntil", "t", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("TriedDifferences", "a(sssss)", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Warnings", "as", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Trial", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("TrialBoots", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("TrialCleanBoots", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Unconfirmed", "a(ssbt)", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Counters", "a{st}", get_counters, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Rescan", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_rescan, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Block", DECISION_IN, INSTANCE_OUT, method_block, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Allow", DECISION_IN, INSTANCE_OUT, method_allow, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Forget", DECISION_IN, INSTANCE_OUT, method_forget, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Confirm", DEVICE_IN, SD_BUS_RESULT("as", instances), confirm_bus_call,
                OPEN),
        SD_BUS_METHOD_WITH_ARGS("StartTrial", SD_BUS_ARGS("u", boots), SD_BUS_NO_RESULT, method_start_trial,
                OPEN),
        SD_BUS_METHOD_WITH_ARGS("ConfirmTrial", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_confirm_trial,
                OPEN),
        SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", plan), method_plan, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Evaluate", POLICY_IN, SD_BUS_RESULT("s", plan), policy_bus_evaluate, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Try", SD_BUS_ARGS("a(sh)", files, "t", seconds), SD_BUS_RESULT("t", until),
                policy_bus_try, OPEN),
        SD_BUS_METHOD_WITH_ARGS("EndTry", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_end_try, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetSnapshot", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", snapshot),
                snapshot_bus_call, OPEN),
        SD_BUS_SIGNAL_WITH_ARGS("DecisionMade",
                SD_BUS_ARGS("o", device, "s", instance, "s", verdict, "s", rule, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("DeviceRebound",
                SD_BUS_ARGS("o", device, "s", instance, "s", driver, "u", times), 0),
        SD_BUS_SIGNAL_WITH_ARGS("TriedDiffers",
                SD_BUS_ARGS("o", device, "s", instance, "s", verdict, "s", tried, "s", rule, "s", reason),
                0),
        SD_BUS_VTABLE_END,
};

int manager_bus_register(struct bus *b) {
        int r = sd_bus_add_object_vtable(b->bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, vtable, b);

        return r < 0 ? r : sd_bus_add_object_manager(b->bus, NULL, MANAGER_PATH);
}

void manager_bus_replaced(struct bus *b, const struct picture *before, const struct picture *after) {
        const struct property_object o = { .picture = before }, n = { .picture = after };
        char *changed[N_MANAGER_PROPERTIES + 1];

        if (properties_changed(manager_properties, N_MANAGER_PROPERTIES, &o, &n, changed) > 0)
                (void)sd_bus_emit_properties_changed_strv(b->bus, MANAGER_PATH, MANAGER_INTERFACE, changed);
}

void manager_bus_decided(struct bus *b, const struct picture *p, size_t i) {
        char path[DEVICE_PATH_SIZE];

        device_path_format(&p->guest->devices[i].instance, path);
        (void)sd_bus_emit_signal(b->bus, MANAGER_PATH, MANAGER_INTERFACE, "DecisionMade", "ossss", path,
                p->guest->devices[i].instance_text, verdict_to_string(p->devices[i].verdict),
                decision_rule_text(&p->evaluation->decisions[i]), p->devices[i].reason);
}

void manager_bus_tried(struct bus *b, const struct picture *p, size_t i) {
        const struct picture_tried *d = &p->tried->devices[i];
        char path[DEVICE_PATH_SIZE];

        device_path_format(&p->guest->devices[i].instance, path);
        (void)sd_bus_emit_signal(b->bus, MANAGER_PATH, MANAGER_INTERFACE, "TriedDiffers", "osssss", path,
                p->guest->devices[i].instance_text, verdict_to_string(d->verdict),
                verdict_to_string(d->tried), d->rule ?: "", d->reason ?: "");
}

void manager_bus_rebound(struct bus *b, const struct device *d, unsigned times) {
        char path[DEVICE_PATH_SIZE];

        device_path_format(&d->instance, path);
        (void)sd_bus_emit_signal(b->bus, MANAGER_PATH, MANAGER_INTERFACE, "DeviceRebound", "ossu", path,
                d->instance_text, d->driver ?: "", times);
}
