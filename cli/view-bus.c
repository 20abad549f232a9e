/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two calls: everything about the guest, everything about all devices. */
#include "cli/view-bus.h"

#include <errno.h>
#include <string.h>

#include "cli/bus-properties.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* field is that of `unconfirmed`: the view around it is found from there. */
static int read_unconfirmed(sd_bus_message *m, void *field) {
        struct view *v = (void *)((char *)field - offsetof(struct view, unconfirmed));
        int r = sd_bus_message_enter_container(m, 'a', "(ssbt)"), permanent;

        while (r >= 0) {
                struct unconfirmed_view *more =
                        reallocarray(v->unconfirmed, v->n_unconfirmed + 1, sizeof(*more));
                const char *instance, *decision;
                uint64_t deadline;

                if (!more)
                        return -ENOMEM;
                v->unconfirmed = more;
                r = sd_bus_message_read(m, "(ssbt)", &instance, &decision, &permanent, &deadline);
                if (r == 0)
                        return sd_bus_message_exit_container(m);
                if (r < 0)
                        break;
                more += v->n_unconfirmed++;
                *more = (struct unconfirmed_view){
                        .instance = strdup(instance),
                        .decision = strdup(decision),
                        .permanent = permanent,
                        .deadline = deadline,
                };
                if (!more->instance || !more->decision)
                        return -ENOMEM;
        }
        return r;
}

static const struct property manager_properties[] = {
        { "State", "s", offsetof(struct view, state) },
        { "Mode", "s", offsetof(struct view, mode) },
        { "ModeOverridden", "b", offsetof(struct view, mode_overridden) },
        { "Gate", "s", offsetof(struct view, gate) },
        { "PolicyDigest", "s", offsetof(struct view, digest) },
        { "PolicyFiles", "as", offsetof(struct view, files) },
        { "PolicyRules", "u", offsetof(struct view, rules) },
        { "PolicyBuiltIn", "b", offsetof(struct view, built_in) },
        { "IsolationType", "s", offsetof(struct view, isolation) },
        { "IsolationMode", "s", offsetof(struct view, isolation_mode) },
        { "EncryptionScheme", "s", offsetof(struct view, scheme) },
        { "IsolationSource", "s", offsetof(struct view, isolation_source) },
        { "IsolationConsistent", "b", offsetof(struct view, consistent) },
        { "BoundaryBits", "u", offsetof(struct view, boundary_bits) },
        { "Paravisor", "b", offsetof(struct view, paravisor) },
        { "ConfidentialVMBus", "s", offsetof(struct view, confidential) },
        { "VMBusVersion", "s", offsetof(struct view, vmbus_version) },
        { "LogSequence", "t", offsetof(struct view, log_sequence) },
        { "LogHead", "s", offsetof(struct view, log_head) },
        { "Warnings", "as", offsetof(struct view, warnings) },
        { "Trial", "s", offsetof(struct view, trial) },
        { "TrialBoots", "u", offsetof(struct view, trial_boots) },
        { "TrialCleanBoots", "u", offsetof(struct view, trial_clean) },
        { "Unconfirmed", "a(ssbt)", offsetof(struct view, unconfirmed), read_unconfirmed },
        { "TriedDigest", "s", offsetof(struct view, tried.digest) },
        { "TriedUntil", "t", offsetof(struct view, tried.until) },
        { "TriedDifferences", "a(sssss)", offsetof(struct view, tried.differences), tried_read_differences },
};

/* Three strings in a row, copied. */
static int read_copies(sd_bus_message *m, char **a, char **b, char **c) {
        const char *texts[3];
        int r = sd_bus_message_read(m, "sss", &texts[0], &texts[1], &texts[2]);

        if (r < 0)
                return r;
        *a = strdup(texts[0]);
        *b = strdup(texts[1]);
        *c = strdup(texts[2]);
        return *a && *b && *c ? 0 : -ENOMEM;
}

/* The next channel, its strings copied. 0 at the end of the array. */
static int read_channel(sd_bus_message *m, struct channel_view *ret) {
        int r = sd_bus_message_enter_container(m, 'r', "uusss");

        if (r <= 0)
                return r;
        r = sd_bus_message_read(m, "uu", &ret->relid, &ret->sub);
        if (r >= 0)
                r = read_copies(m, &ret->ring, &ret->dma, &ret->source);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

/* field is that of `channels`: the struct around it is found from there. */
static int read_channels(sd_bus_message *m, void *field) {
        struct device_view *d = (void *)((char *)field - offsetof(struct device_view, channels));
        int r = sd_bus_message_enter_container(m, 'a', "(uusss)");

        while (r >= 0) {
                struct channel_view *more = reallocarray(d->channels, d->n_channels + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                d->channels = more;
                more[d->n_channels++] = (struct channel_view){};
                r = read_channel(m, &more[d->n_channels - 1]);
                if (r == 0) {
                        d->n_channels--;
                        return sd_bus_message_exit_container(m);
                }
        }
        return r;
}

static const struct property device_properties[] = {
        { "Instance", "s", offsetof(struct device_view, instance) },
        { "Class", "s", offsetof(struct device_view, class) },
        { "ClassId", "s", offsetof(struct device_view, class_id) },
        { "RelId", "u", offsetof(struct device_view, relid) },
        { "Vendor", "u", offsetof(struct device_view, vendor) },
        { "Device", "u", offsetof(struct device_view, device) },
        { "Driver", "s", offsetof(struct device_view, driver) },
        { "Bound", "b", offsetof(struct device_view, bound) },
        { "KernelAllowed", "b", offsetof(struct device_view, kernel_allowed) },
        { "Ring", "s", offsetof(struct device_view, ring) },
        { "DMA", "s", offsetof(struct device_view, dma) },
        { "Source", "s", offsetof(struct device_view, source) },
        { "Verdict", "s", offsetof(struct device_view, verdict) },
        { "Rule", "s", offsetof(struct device_view, rule) },
        { "RuleOrigin", "s", offsetof(struct device_view, rule_origin) },
        { "Reason", "s", offsetof(struct device_view, reason) },
        { "Channels", "a(uusss)", offsetof(struct device_view, channels), read_channels },
        { "Times", "a{s(ts)}", offsetof(struct device_view, exposure.times), exposure_read_times },
        { "Exposure", "(ttb)", offsetof(struct device_view, exposure), exposure_read_sum },
};

/* One {oa{sa{sv}}}: only objects with the interface of a device are of interest. */
static int read_object(sd_bus_message *m, struct view *v) {
        const char *interface;
        int r = sd_bus_message_skip(m, "o");

        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &interface);
                if (r >= 0 && strcmp(interface, CVMD_DEVICE) == 0) {
                        struct device_view *d = view_add_device(v);

                        r = d ? properties_read(m, device_properties, N(device_properties), d) : -ENOMEM;
                } else if (r >= 0)
                        r = sd_bus_message_skip(m, "a{sv}");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int load_manager(struct context *x, sd_bus *bus, struct view *v) {
        _cleanup_(messagep) sd_bus_message *m = NULL;
        int r = client_call(x, bus, CVMD_PATH, "org.freedesktop.DBus.Properties", "GetAll", &m, "s",
                CVMD_MANAGER);

        if (r < 0)
                return r;
        r = properties_read(m, manager_properties, N(manager_properties), v);
        return r < 0 ? client_bad_reply(x, r, "GetAll") : 0;
}

int view_read_providers(sd_bus_message *m, void *view) {
        int r = sd_bus_message_enter_container(m, 'a', "(sbs)"), there;
        struct view *v = view;
        const char *name, *why;

        while (r >= 0 && (r = sd_bus_message_read(m, "(sbs)", &name, &there, &why)) > 0) {
                struct provider_view *more = reallocarray(v->providers, v->n_providers + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                v->providers = more;
                more += v->n_providers++;
                *more = (struct provider_view){ strdup(name), strdup(why), there };
                if (!more->name || !more->why)
                        return -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A daemon without that interface has no provider. */
static int load_attestation(struct context *x, sd_bus *bus, struct view *v) {
        static const struct property properties[] = {
                { "ProviderDetails", "a(sbs)", 0, view_read_providers },
        };
        _cleanup_(messagep) sd_bus_message *m = NULL;
        int r = client_call(x, bus, CVMD_PATH, "org.freedesktop.DBus.Properties", "GetAll", &m, "s",
                CVMD_ATTESTATION);

        if (r < 0) {
                x->hint = NULL;
                return 0;
        }
        r = properties_read(m, properties, N(properties), v);
        return r < 0 ? client_bad_reply(x, r, "GetAll") : 0;
}

static int load_devices(struct context *x, sd_bus *bus, struct view *v) {
        _cleanup_(messagep) sd_bus_message *m = NULL;
        int r = client_call(x, bus, CVMD_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &m,
                NULL);

        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                r = read_object(m, v);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? client_bad_reply(x, r, "GetManagedObjects") : 0;
}

int view_load_bus(struct context *x, sd_bus *bus, struct view *ret) {
        _cleanup_(view_done) struct view v = {};
        int r = load_manager(x, bus, &v);

        if (r >= 0)
                r = load_attestation(x, bus, &v);
        if (r >= 0)
                r = load_devices(x, bus, &v);
        if (r >= 0)
                r = view_finish(&v);
        if (r < 0)
                return r;
        *ret = v;
        v = (struct view){};
        return 0;
}

static int read_dependents(sd_bus_message *m, struct device_view *d) {
        int r = sd_bus_message_enter_container(m, 'a', "(sss)");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sss")) > 0) {
                struct dependent_view *more =
                        reallocarray(d->dependents, d->n_dependents + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                d->dependents = more;
                more += d->n_dependents++;
                *more = (struct dependent_view){};
                r = read_copies(m, &more->kind, &more->name, &more->through);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

int view_load_dependents(struct context *x, sd_bus *bus, struct device_view *d) {
        _cleanup_(messagep) sd_bus_message *m = NULL;
        int asks = sd_bus_get_allow_interactive_authorization(bus);
        char path[DEVICE_PATH_SIZE];
        int r = client_device_path(x, d->instance, path);

        if (r < 0)
                return r;
        (void)sd_bus_set_allow_interactive_authorization(bus, 0); /* nobody asked for these by name */
        r = client_call(x, bus, path, CVMD_DEVICE, "GetDependents", &m, NULL);
        (void)sd_bus_set_allow_interactive_authorization(bus, asks > 0);
        if (r == -EACCES || r == -EPERM) {
                x->hint = NULL;
                return 0;
        }
        if (r < 0)
                return r;
        r = read_dependents(m, d);
        if (r < 0)
                return client_bad_reply(x, r, "GetDependents");
        d->dependents_known = true;
        return 0;
}
