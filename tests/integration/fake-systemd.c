/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * As much of systemd's manager as one unit needs, on a bus given by its address: StartUnit, StopUnit,
 * Subscribe, and the unit's ActiveState with its signal. What it is told through org.cvmd1.Test: how to
 * behave, and what somebody else does to the unit; and it says what it was asked for. Prints "ready".
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/base/cleanup.h"
#include "tests/integration/fake-bus.h"

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define UNIT_PATH PATH "/unit/cvmd_2dcompliant_2etarget"
#define UNIT "cvmd-compliant.target"
#define REQUESTS_MAX 64

struct fake {
        sd_bus *bus;
        char behaviour[16]; /* well, refuse (an error), lie (a job, and nothing comes of it) */
        char state[16];
        char *requests[REQUESTS_MAX];
        size_t n;
        bool subscribed;
};

static int set_state(struct fake *f, const char *state) {
        if (strcmp(f->state, state) == 0)
                return 0;
        snprintf(f->state, sizeof(f->state), "%s", state);
        if (!f->subscribed) /* systemd is silent unless somebody has asked it to speak */
                return 0;
        return sd_bus_emit_properties_changed(f->bus, UNIT_PATH, NAME ".Unit", "ActiveState", NULL);
}

static int change(sd_bus_message *m, struct fake *f, const char *verb, const char *state,
        sd_bus_error *error) {
        const char *unit, *mode;
        int r = sd_bus_message_read(m, "ss", &unit, &mode);

        if (r < 0)
                return r;
        if (strcmp(unit, UNIT) != 0)
                return sd_bus_error_setf(error, NAME ".NoSuchUnit", "Unit %s not found.", unit);
        if (f->n < REQUESTS_MAX && asprintf(&f->requests[f->n], "%s %s", verb, mode) >= 0)
                f->n++;
        if (strcmp(f->behaviour, "refuse") == 0)
                return sd_bus_error_set(error, NAME ".TransactionIsDestructive",
                        "Transaction is destructive.");
        r = sd_bus_reply_method_return(m, "o", PATH "/job/1");
        return r < 0 || strcmp(f->behaviour, "lie") == 0 ? r : set_state(f, state);
}

static int on_start(sd_bus_message *m, void *data, sd_bus_error *error) {
        return change(m, data, "start", "active", error);
}

static int on_stop(sd_bus_message *m, void *data, sd_bus_error *error) {
        return change(m, data, "stop", "inactive", error);
}

static int on_subscribe(sd_bus_message *m, void *data, sd_bus_error *error) {
        struct fake *f = data;

        f->subscribed = true;
        return sd_bus_reply_method_return(m, NULL);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *data, sd_bus_error *error) {
        const struct fake *f = data;

        return sd_bus_message_append(reply, "s", f->state);
}

static int on_behave(sd_bus_message *m, void *data, sd_bus_error *error) {
        struct fake *f = data;
        const char *how;
        int r = sd_bus_message_read(m, "s", &how);

        if (r < 0)
                return r;
        snprintf(f->behaviour, sizeof(f->behaviour), "%s", how);
        return sd_bus_reply_method_return(m, NULL);
}

static int on_somebody(sd_bus_message *m, void *data, sd_bus_error *error) {
        const char *state;
        int r = sd_bus_message_read(m, "s", &state);

        if (r >= 0)
                r = set_state(data, state);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

static int on_requests(sd_bus_message *m, void *data, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const struct fake *f = data;
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < f->n && r >= 0; i++)
                r = sd_bus_message_append(reply, "s", f->requests[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable manager[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("StartUnit", "ss", "o", on_start, OPEN),
        SD_BUS_METHOD("StopUnit", "ss", "o", on_stop, OPEN),
        SD_BUS_METHOD("Subscribe", "", "", on_subscribe, OPEN),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("ActiveState", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable test[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Behave", "s", "", on_behave, OPEN),
        SD_BUS_METHOD("Somebody", "s", "", on_somebody, OPEN),
        SD_BUS_METHOD("Requests", "", "as", on_requests, OPEN),
        SD_BUS_VTABLE_END,
};

static int serve(struct fake *f, const char *address) {
        int r = fake_bus_open(address, &f->bus);

        if (r >= 0)
                r = sd_bus_add_object_vtable(f->bus, NULL, PATH, NAME ".Manager", manager, f);
        if (r >= 0)
                r = sd_bus_add_object_vtable(f->bus, NULL, UNIT_PATH, NAME ".Unit", unit, f);
        if (r >= 0)
                r = sd_bus_add_object_vtable(f->bus, NULL, PATH, "org.cvmd1.Test", test, f);
        if (r >= 0)
                r = sd_bus_request_name(f->bus, NAME, 0);
        return r < 0 ? r : fake_bus_serve(f->bus, NULL);
}

int main(int argc, char *argv[]) {
        struct fake f = { .behaviour = "well", .state = "inactive" };
        int r = argc == 3 ? (snprintf(f.state, sizeof(f.state), "%s", argv[2]), serve(&f, argv[1]))
                          : -EINVAL;

        for (size_t i = 0; i < f.n; i++)
                free(f.requests[i]);
        sd_bus_unref(f.bus);
        return r < 0;
}
