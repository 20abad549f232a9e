/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.cvmd1.Device: one object for each device of the picture, found by its path, so that none is ever
 * stale. */
#include <errno.h>
#include <string.h>

#include "daemon/authz.h"
#include "daemon/bus-private.h"
#include "daemon/errors.h"
#include "daemon/exposure-bus.h"
#include "daemon/properties.h"
#include "lib/policy/decision-text.h"

static const struct device *device_of(const struct property_object *o) {
        return &o->picture->guest->devices[o->device];
}

static const struct decision *decision_of(const struct property_object *o) {
        return &o->picture->evaluation->decisions[o->device];
}

static const char *get_instance(const struct property_object *o, char *buffer) {
        return device_of(o)->instance_text;
}

static const char *get_class(const struct property_object *o, char *buffer) {
        return device_class_name(device_of(o), buffer);
}

static const char *get_class_id(const struct property_object *o, char *buffer) {
        guid_format(&device_of(o)->class, buffer);
        return buffer;
}

static const char *get_driver(const struct property_object *o, char *buffer) {
        return device_of(o)->driver ?: device_of(o)->candidate ?: "";
}

static const char *get_ring(const struct property_object *o, char *buffer) {
        return confidentiality_to_string(device_of(o)->ring);
}

static const char *get_dma(const struct property_object *o, char *buffer) {
        return confidentiality_to_string(device_of(o)->dma);
}

static const char *get_source(const struct property_object *o, char *buffer) {
        return fact_source_to_string(device_of(o)->source);
}

static const char *get_verdict(const struct property_object *o, char *buffer) {
        return verdict_to_string(o->picture->devices[o->device].verdict);
}

static const char *get_rule(const struct property_object *o, char *buffer) {
        return decision_rule_text(decision_of(o));
}

static const char *get_rule_origin(const struct property_object *o, char *buffer) {
        const struct policy_rule *rule = decision_of(o)->rule;
        _cleanup_(freep) char *text = NULL;

        if (!rule || policy_origin_format(&rule->origin, &text) < 0)
                return "";
        snprintf(buffer, PROPERTY_TEXT_MAX, "%s", text);
        return buffer;
}

static const char *get_reason(const struct property_object *o, char *buffer) {
        return o->picture->devices[o->device].reason;
}

static bool get_bound(const struct property_object *o) {
        return device_of(o)->driver;
}

static bool get_kernel_allowed(const struct property_object *o) {
        return device_kernel_allowed(device_of(o));
}

static uint32_t get_relid(const struct property_object *o) {
        return device_of(o)->relid;
}

static uint32_t get_vendor(const struct property_object *o) {
        return device_of(o)->vendor;
}

static uint32_t get_device(const struct property_object *o) {
        return device_of(o)->device;
}

static int append_channels(sd_bus_message *reply, const struct property_object *o) {
        const struct device *d = device_of(o);
        int r = sd_bus_message_open_container(reply, 'a', "(uusss)");

        for (size_t i = 0; i < d->n_channels && r >= 0; i++)
                r = sd_bus_message_append(reply, "(uusss)", d->channels[i].relid, d->channels[i].sub,
                        confidentiality_to_string(d->channels[i].ring),
                        confidentiality_to_string(d->channels[i].dma),
                        fact_source_to_string(d->channels[i].source));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static bool same_channels(const struct property_object *before, const struct property_object *after) {
        const struct device *a = device_of(before), *b = device_of(after);

        if (a->n_channels != b->n_channels)
                return false;
        for (size_t i = 0; i < a->n_channels; i++) {
                const struct channel *x = &a->channels[i], *y = &b->channels[i];

                if (x->relid != y->relid || x->sub != y->sub || x->ring != y->ring || x->dma != y->dma ||
                        x->source != y->source)
                        return false;
        }
        return true;
}

static const struct property properties[] = {
        { "Instance", .text = get_instance },
        { "Class", .text = get_class },
        { "ClassId", .text = get_class_id },
        { "RelId", .number = get_relid },
        { "Vendor", .number = get_vendor },
        { "Device", .number = get_device },
        { "Driver", .text = get_driver },
        { "Bound", .flag = get_bound },
        { "KernelAllowed", .flag = get_kernel_allowed },
        { "Ring", .text = get_ring },
        { "DMA", .text = get_dma },
        { "Source", .text = get_source },
        { "Verdict", .text = get_verdict },
        { "Rule", .text = get_rule },
        { "RuleOrigin", .text = get_rule_origin },
        { "Reason", .text = get_reason },
        { "Channels", .other = { append_channels, same_channels } },
        { "Times", .other = { exposure_append_times, exposure_same_times } },
        { "Exposure", .other = { exposure_append_sum, exposure_same_sum } },
};

#define N_PROPERTIES (sizeof(properties) / sizeof(properties[0]))

/* Which device of the picture a path names; -ENODEV. */
static int device_path_find(const struct picture *p, const char *path, size_t *ret) {
        struct guid instance;

        return device_path_parse(path, &instance) < 0 ? -ENODEV : picture_find(p, &instance, ret);
}

static int get_property(sd_bus *connection, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        struct property_object o = { .picture = manager_picture(b->manager) };
        int r = device_path_find(o.picture, path, &o.device);

        return r < 0 ? r : property_append(properties, N_PROPERTIES, property, &o, reply);
}

/* The device that a call is about, for those who may: 1; 0: that is being asked. */
static int take_call(sd_bus_message *call, struct bus *b, const char *operation,
        sd_bus_message_handler_t method, struct property_object *ret, sd_bus_error *error) {
        struct property_object o = { .picture = manager_picture(b->manager) };
        int r = device_path_find(o.picture, sd_bus_message_get_path(call), &o.device);

        if (r < 0)
                return error_set(error, r, &(struct diag){ "the device is gone" });
        *ret = o;
        return authz_check(b->authz, call,
                &(struct authz_query){ AUTHZ_MANAGE_DEVICE, operation, .device = device_of(&o),
                        .method = method, .userdata = b },
                NULL, error);
}

static int method_get_dependents(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct property_object o;
        const struct device *d;
        int r = take_call(call, userdata, "dependents", method_get_dependents, &o, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sss)");
        if (r < 0)
                return r;
        d = device_of(&o);
        for (size_t i = 0; i < d->n_dependents && r >= 0; i++)
                r = sd_bus_message_append(reply, "(sss)", dependent_kind_to_string(d->dependents[i].kind),
                        d->dependents[i].name, d->dependents[i].through ?: "");
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_explain(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct bus *b = userdata;
        _cleanup_(freep) char *text = NULL;
        struct property_object o;
        struct diag d = {};
        int r = take_call(call, userdata, "explain", method_explain, &o, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_explain(b->manager, &device_of(&o)->instance, &text, &d);
        return r < 0 ? error_set(error, r, &d) : sd_bus_reply_method_return(call, "s", text);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST SD_BUS_VTABLE_PROPERTY_CONST

/* sd-bus lets everybody call: authz_check() says who may. */
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Instance", "s", get_property, 0, CONST),
        SD_BUS_PROPERTY("Class", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("ClassId", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("RelId", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Vendor", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Device", "u", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Driver", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Bound", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("KernelAllowed", "b", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Ring", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("DMA", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Source", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Verdict", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Rule", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("RuleOrigin", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Reason", "s", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Channels", "a(uusss)", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Times", "a{s(ts)}", get_property, 0, CHANGES),
        SD_BUS_PROPERTY("Exposure", "(ttb)", get_property, 0, CHANGES),
        SD_BUS_METHOD_WITH_ARGS("GetDependents", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sss)", dependents),
                method_get_dependents, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", explanation), method_explain,
                OPEN),
        SD_BUS_VTABLE_END,
};

static int find_object(sd_bus *connection, const char *path, const char *interface, void *userdata,
        void **ret_found, sd_bus_error *error) {
        const struct bus *b = userdata;
        size_t i;

        if (device_path_find(manager_picture(b->manager), path, &i) < 0)
                return 0;
        *ret_found = userdata;
        return 1;
}

static int enumerate_objects(sd_bus *connection, const char *prefix, void *userdata, char ***ret_nodes,
        sd_bus_error *error) {
        const struct bus *b = userdata;
        const struct guest *g = manager_picture(b->manager)->guest;
        char **nodes = calloc(g->n_devices + 1, sizeof(*nodes));

        if (!nodes)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_devices; i++) {
                nodes[i] = malloc(DEVICE_PATH_SIZE);
                if (!nodes[i]) {
                        while (i > 0)
                                free(nodes[--i]);
                        free(nodes);
                        return -ENOMEM;
                }
                device_path_format(&g->devices[i].instance, nodes[i]);
        }
        *ret_nodes = nodes;
        return 1;
}

int device_bus_register(struct bus *b) {
        int r = sd_bus_add_fallback_vtable(b->bus, NULL, DEVICE_PATH, DEVICE_INTERFACE, vtable, find_object,
                b);

        return r < 0 ? r : sd_bus_add_node_enumerator(b->bus, NULL, DEVICE_PATH, enumerate_objects, b);
}

static void emit_changes(struct bus *b, const struct property_object *before,
        const struct property_object *after) {
        char *changed[N_PROPERTIES + 1], path[DEVICE_PATH_SIZE];

        if (properties_changed(properties, N_PROPERTIES, before, after, changed) == 0)
                return;
        device_path_format(&device_of(after)->instance, path);
        (void)sd_bus_emit_properties_changed_strv(b->bus, path, DEVICE_INTERFACE, changed);
}

static void emit_added(struct bus *b, const struct device *d) {
        char path[DEVICE_PATH_SIZE];

        device_path_format(&d->instance, path);
        (void)sd_bus_emit_object_added(b->bus, path);
}

/* Named one by one: sd-bus cannot look up the interfaces of an object that is not there any more. */
static void emit_removed(struct bus *b, const struct device *d) {
        char path[DEVICE_PATH_SIZE];

        device_path_format(&d->instance, path);
        (void)sd_bus_emit_interfaces_removed(b->bus, path, "org.freedesktop.DBus.Peer",
                "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Properties", DEVICE_INTERFACE,
                NULL);
}

/* Both guests are sorted by instance, so that their difference is a merge. */
void device_bus_replaced(struct bus *b, const struct picture *before, const struct picture *after) {
        struct property_object o = { .picture = before }, n = { .picture = after };

        while (o.device < before->guest->n_devices || n.device < after->guest->n_devices) {
                int order = o.device == before->guest->n_devices ? 1
                        : n.device == after->guest->n_devices
                        ? -1
                        : guid_compare(&device_of(&o)->instance, &device_of(&n)->instance);

                if (order < 0)
                        emit_removed(b, device_of(&o));
                else if (order > 0)
                        emit_added(b, device_of(&n));
                else
                        emit_changes(b, &o, &n);
                o.device += order <= 0;
                n.device += order >= 0;
        }
}
