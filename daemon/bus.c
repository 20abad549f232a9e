/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection: started without waiting, begun anew when it ends. sd-bus itself watches for a socket that
 * is not there yet; everything that we ask of the bus is asked asynchronously.
 */
#include "daemon/bus.h"

#include <errno.h>
#include <string.h>

#include "daemon/attestation.h"
#include "daemon/authz.h"
#include "daemon/bus-private.h"
#include "daemon/helper-call.h"
#include "daemon/log.h"

#define RECONNECT_USEC (500 * (uint64_t)1000)
#define CALL_TIMEOUT_USEC \
        (5 * 1000 * (uint64_t)1000) /* for what sd-bus asks the bus itself about a caller */
#define NAME_QUEUED 2               /* DBUS_REQUEST_NAME_REPLY_IN_QUEUE */

static int connect_bus(struct bus *b);

bool bus_is_ready(const struct bus *b) {
        return b->bus && sd_bus_is_ready(b->bus) > 0;
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata) {
        struct bus *b = userdata;

        /* those who wait for an answer over the old connection are gone with it */
        decide_bus_answer(b, NULL);
        helper_call_forget(b->recording);
        helper_call_forget(b->proposal);
        attestation_forget(b->attestation);
        authz_forget(b->authz);
        b->bus = sd_bus_close_unref(b->bus);
        return connect_bus(b);
}

static int reconnect_later(struct bus *b) {
        int r;

        if (!b->reconnect)
                return sd_event_add_time_relative(b->event, &b->reconnect, CLOCK_MONOTONIC, RECONNECT_USEC,
                        0, on_reconnect, b);
        r = sd_event_source_set_time_relative(b->reconnect, RECONNECT_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(b->reconnect, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct bus *b = userdata;
        int r;

        if (b->named)
                log_info("the bus went away: waiting for it to come back");
        b->named = false;
        r = reconnect_later(b);
        return r < 0 ? sd_event_exit(b->event, r) : 0;
}

/* Ours at once, or when whoever had it is gone. */
static int on_acquired(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;

        if (sd_bus_message_read(m, "s", &name) >= 0 && strcmp(name, BUS_NAME) == 0)
                log_info("serving as " BUS_NAME);
        return 0;
}

static int on_requested(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        struct bus *b = userdata;
        uint32_t how = 0;

        b->named = !e;
        if (!e && sd_bus_message_read(m, "u", &how) >= 0 && how == NAME_QUEUED)
                log_warning("somebody else is " BUS_NAME " on the bus: waiting for the name");
        else if (e && sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED))
                log_error("the bus does not let us be " BUS_NAME ": %s: is its policy installed?",
                        e->message);
        return 0; /* a connection that ended is on_disconnected()'s */
}

/* A client has left: nobody waits for its answers any more. */
static int on_left(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;
        struct bus *b = userdata;

        if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0 || after[0])
                return 0;
        authz_caller_gone(b->authz, name);
        attestation_caller_gone(b->attestation, name);
        return 0;
}

static int register_everything(struct bus *b) {
        int r = sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus.Local",
                "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
                NULL, b);

        if (r >= 0)
                r = sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                        "org.freedesktop.DBus", "NameAcquired", on_acquired, NULL, b);
        if (r >= 0)
                r = sd_bus_add_match_async(b->bus, NULL,
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                        on_left, NULL, b);
        if (r >= 0)
                r = authz_register(b->authz);
        if (r >= 0)
                r = manager_bus_register(b);
        if (r >= 0)
                r = device_bus_register(b);
        if (r >= 0)
                r = attestation_register(b->attestation);
        /* queued: the bus may still count a cvmd that was killed a moment ago */
        return r < 0 ? r
                     : sd_bus_request_name_async(b->bus, NULL, BUS_NAME, SD_BUS_NAME_QUEUE, on_requested, b);
}

static int start_bus(struct bus *b) {
        int r = sd_bus_set_address(b->bus, b->address);

        if (r >= 0)
                r = sd_bus_set_bus_client(b->bus, 1);
        if (r >= 0)
                r = sd_bus_set_watch_bind(b->bus, 1);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(b->bus, 0);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(b->bus, CALL_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_start(b->bus);
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? r : register_everything(b);
}

static int connect_bus(struct bus *b) {
        int r = sd_bus_new(&b->bus);

        if (r < 0)
                return r;
        (void)sd_bus_set_description(b->bus, "system");
        r = start_bus(b);
        if (r >= 0)
                return 0;
        log_warning("bus %s: %s: trying again", b->address, errno_text(r));
        b->bus = sd_bus_unref(b->bus);
        return reconnect_later(b);
}

static void on_replaced(const struct picture *before, const struct picture *after, void *data) {
        struct bus *b = data;

        decide_bus_answer(b, after);
        if (!bus_is_ready(b) || !before)
                return;
        device_bus_replaced(b, before, after);
        manager_bus_replaced(b, before, after);
}

static void on_decided(const struct picture *p, size_t i, void *data) {
        struct bus *b = data;

        if (bus_is_ready(b))
                manager_bus_decided(b, p, i);
}

static void on_written(int r, const struct diag *d, void *data) {
        decide_bus_written(data, r, d);
}

static void on_tried(const struct picture *p, size_t i, void *data) {
        struct bus *b = data;

        if (bus_is_ready(b))
                manager_bus_tried(b, p, i);
}

static void on_rebound(const struct device *d, unsigned times, void *data) {
        struct bus *b = data;

        if (bus_is_ready(b))
                manager_bus_rebound(b, d, times);
}

int bus_new(const struct bus_options *o, struct bus **ret, struct diag *d) {
        _cleanup_(bus_freep) struct bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return diag_errno(d, -ENOMEM, "bus");
        *b = (struct bus){
                .address = strdup(o->address ?: BUS_SYSTEM_ADDRESS),
                .event = sd_event_ref(o->event),
                .manager = o->manager,
                .observer = {
                        .replaced = on_replaced,
                        .decided = on_decided,
                        .written = on_written,
                        .rebound = on_rebound,
                        .tried = on_tried,
                },
        };
        b->observer.data = b;
        if (!b->address)
                return diag_errno(d, -ENOMEM, "bus");
        r = authz_new(b, o, &b->authz);
        if (r >= 0)
                r = attestation_new(b, o, &b->attestation);
        if (r >= 0)
                r = connect_bus(b);
        if (r < 0)
                return diag_errno(d, r, "bus %s", b->address);
        manager_observe(o->manager, &b->observer);
        *ret = TAKE(b);
        return 0;
}

void bus_free(struct bus *b) {
        if (!b)
                return;
        decide_bus_answer(b, NULL);
        helper_call_free(b->recording);
        helper_call_free(b->proposal);
        attestation_free(b->attestation);
        authz_free(b->authz);
        sd_event_source_unref(b->reconnect);
        if (b->bus) {
                sd_bus_detach_event(b->bus);
                sd_bus_flush_close_unref(b->bus);
        }
        sd_event_unref(b->event);
        free(b->address);
        free(b);
}
