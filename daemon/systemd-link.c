/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd's private socket speaks D-Bus to one peer, without a bus: it is there before any bus is, and goes
 * away when systemd executes itself anew. On a bus, systemd is a name that can come and go.
 */
#include "daemon/systemd-link.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "daemon/bus.h"
#include "daemon/log.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define SYSTEMD_UNIT SYSTEMD ".Unit"
#define PRIVATE_SOCKET "/run/systemd/private"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define RECONNECT_USEC (500 * (uint64_t)1000)
#define CALL_TIMEOUT_USEC (10 * 1000 * (uint64_t)1000)

struct systemd_link {
        char *address; /* NULL: this machine's */
        char *unit, *path;
        sd_event *event;
        sd_bus *bus;
        bool peer; /* systemd itself is at the other end */
        sd_bus_slot *look, *request;
        bool again; /* another look, once this one is answered */
        sd_event_source *reconnect;
        systemd_state_handler handler;
        systemd_answer_handler answer;
        void *data, *answer_data;
};

static int connect_systemd(struct systemd_link *l);

static void drop(struct systemd_link *l) {
        l->look = sd_bus_slot_unref(l->look);
        l->request = sd_bus_slot_unref(l->request);
        l->again = false;
        if (l->bus)
                sd_bus_detach_event(l->bus);
        l->bus = sd_bus_close_unref(l->bus);
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata) {
        struct systemd_link *l = userdata;

        drop(l);
        return connect_systemd(l);
}

static int reconnect_later(struct systemd_link *l) {
        int r;

        if (!l->reconnect)
                return sd_event_add_time_relative(l->event, &l->reconnect, CLOCK_MONOTONIC, RECONNECT_USEC,
                        0, on_reconnect, l);
        r = sd_event_source_set_time_relative(l->reconnect, RECONNECT_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(l->reconnect, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct systemd_link *l = userdata;
        int r = reconnect_later(l);

        l->handler(UNIT_UNKNOWN, l->data);
        return r;
}

static enum unit_state state_from_string(const char *word) {
        if (strcmp(word, "active") == 0)
                return UNIT_ACTIVE;
        if (strcmp(word, "inactive") == 0 || strcmp(word, "failed") == 0)
                return UNIT_INACTIVE;
        return UNIT_CHANGING;
}

/* One that cannot be read is unknown until a signal or a retry: systemd may not be on its bus yet. */
static int on_state(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct systemd_link *l = userdata;
        enum unit_state state = UNIT_UNKNOWN;
        const char *word;

        l->look = sd_bus_slot_unref(l->look);
        if (!sd_bus_message_get_error(m) && sd_bus_message_read(m, "v", "s", &word) >= 0)
                state = state_from_string(word);
        if (l->again) {
                l->again = false;
                systemd_link_look(l);
        }
        l->handler(state, l->data);
        return 0;
}

void systemd_link_look(struct systemd_link *l) {
        if (!l->bus)
                return;
        if (l->look) {
                l->again = true;
                return;
        }
        (void)sd_bus_call_method_async(l->bus, &l->look, SYSTEMD, l->path, PROPERTIES, "Get", on_state, l,
                "ss", SYSTEMD_UNIT, "ActiveState");
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        systemd_link_look(userdata);
        return 0;
}

/* systemd has come to the bus, or left it. */
static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct systemd_link *l = userdata;
        const char *name, *before, *now;

        if (sd_bus_message_read(m, "sss", &name, &before, &now) < 0)
                return 0;
        l->request = sd_bus_slot_unref(l->request);
        l->handler(UNIT_UNKNOWN, l->data);
        if (!*now)
                return 0;
        (void)sd_bus_call_method_async(l->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                NULL, NULL, NULL);
        systemd_link_look(l);
        return 0;
}

static int subscribe(struct systemd_link *l) {
        int r = sd_bus_match_signal_async(l->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, l);

        if (r >= 0)
                r = sd_bus_match_signal_async(l->bus, NULL, l->peer ? NULL : SYSTEMD, l->path, PROPERTIES,
                        "PropertiesChanged", on_changed, NULL, l);
        if (r >= 0 && !l->peer)
                r = sd_bus_add_match_async(l->bus, NULL,
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SYSTEMD "'",
                        on_owner, NULL, l);
        /* whoever has done so already gets an error that tells nothing */
        if (r >= 0)
                r = sd_bus_call_method_async(l->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "Subscribe", NULL, NULL, NULL);
        return r;
}

static int start_bus(struct systemd_link *l) {
        const char *address = l->address ?: l->peer ? "unix:path=" PRIVATE_SOCKET : BUS_SYSTEM_ADDRESS;
        int r = sd_bus_set_address(l->bus, address);

        if (r >= 0)
                r = sd_bus_set_bus_client(l->bus, !l->peer);
        if (r >= 0 && !l->peer)
                r = sd_bus_set_watch_bind(l->bus, 1);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(l->bus, 0);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(l->bus, CALL_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_start(l->bus);
        if (r >= 0)
                r = sd_bus_attach_event(l->bus, l->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? r : subscribe(l);
}

static int connect_systemd(struct systemd_link *l) {
        int r = sd_bus_new(&l->bus);

        if (r < 0)
                return r;
        l->peer = !l->address && access(PRIVATE_SOCKET, F_OK) == 0;
        r = start_bus(l);
        if (r < 0) {
                drop(l);
                return reconnect_later(l);
        }
        systemd_link_look(l);
        return 0;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct systemd_link *l = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        l->request = sd_bus_slot_unref(l->request);
        l->answer(e ? -sd_bus_error_get_errno(e) : 0, e ? e->message : NULL, l->answer_data);
        systemd_link_look(l);
        return 0;
}

int systemd_link_request(struct systemd_link *l, enum systemd_request what, systemd_answer_handler handler,
        void *data) {
        if (!l->bus)
                return -ENOTCONN;
        l->request = sd_bus_slot_unref(l->request); /* what was asked before is not wanted any more */
        l->answer = handler;
        l->answer_data = data;
        return sd_bus_call_method_async(l->bus, &l->request, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                what == SYSTEMD_START ? "StartUnit" : "StopUnit", on_answer, l, "ss", l->unit,
                what == SYSTEMD_START ? "fail" : "replace");
}

int systemd_link_new(const char *address, const char *unit, sd_event *event, systemd_state_handler handler,
        void *data, struct systemd_link **ret) {
        _cleanup_(systemd_link_freep) struct systemd_link *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (struct systemd_link){
                .address = address ? strdup(address) : NULL,
                .unit = strdup(unit),
                .event = sd_event_ref(event),
                .handler = handler,
                .data = data,
        };
        if (!l->unit || (address && !l->address))
                return -ENOMEM;
        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &l->path);
        if (r >= 0)
                r = connect_systemd(l);
        if (r < 0)
                return r;
        *ret = TAKE(l);
        return 0;
}

void systemd_link_free(struct systemd_link *l) {
        if (!l)
                return;
        drop(l);
        sd_event_source_unref(l->reconnect);
        sd_event_unref(l->event);
        free(l->address);
        free(l->unit);
        free(l->path);
        free(l);
}
