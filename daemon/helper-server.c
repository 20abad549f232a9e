/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending without losing a call: the name is given up first. What the bus delivered before its answer to that
 * is served, and what comes afterwards makes the bus start a new process.
 */
#include "daemon/helper-server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "daemon/bus.h"
#include "daemon/errors.h"
#include "daemon/log.h"

#define CALL_TIMEOUT_USEC (5 * 1000 * (uint64_t)1000) /* for what we ask the bus itself */

struct helper_server {
        struct helper_server_options options;
        sd_event *event;
        sd_bus *bus;
        sd_event_source *idle;
        unsigned held;
        bool ending; /* the name is given up, or about to be */
};

static int end_when_done(struct helper_server *s) {
        return s->held == 0 ? sd_event_exit(s->event, 0) : 0;
}

static int on_released(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return end_when_done(userdata);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        struct helper_server *s = userdata;
        int r;

        s->ending = true;
        r = sd_bus_release_name_async(s->bus, NULL, s->options.name, on_released, s);
        return r < 0 ? sd_event_exit(s->event, r) : 0;
}

static int await_calls(struct helper_server *s) {
        int r = sd_event_source_set_time_relative(s->idle, s->options.idle_usec);

        return r < 0 ? r : sd_event_source_set_enabled(s->idle, SD_EVENT_ONESHOT);
}

void helper_server_hold(struct helper_server *s) {
        if (s->held++ == 0 && !s->ending)
                (void)sd_event_source_set_enabled(s->idle, SD_EVENT_OFF);
}

void helper_server_release(struct helper_server *s) {
        if (--s->held > 0)
                return;
        if (s->ending)
                (void)end_when_done(s);
        else if (await_calls(s) < 0)
                (void)sd_event_exit(s->event, -EIO);
}

int helper_server_admit(sd_bus_message *call, sd_bus_error *error) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t caller;
        int r = sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &creds);

        if (r >= 0)
                r = sd_bus_creds_get_euid(creds, &caller);
        if (r < 0 || (caller != 0 && caller != geteuid())) {
                (void)error_set_in(error, ERRORS_ANY, -EACCES,
                        &(struct diag){ "only cvmd may ask this service" });
                return -EACCES;
        }
        return 0;
}

/* Every call counts as a sign of life, whatever becomes of it. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct helper_server *s = userdata;

        if (s->held == 0 && !s->ending)
                (void)await_calls(s);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int watch_signals(sd_event *event) {
        sigset_t ours;
        int r;

        sigemptyset(&ours);
        sigaddset(&ours, SIGTERM);
        sigaddset(&ours, SIGINT);
        if (sigprocmask(SIG_BLOCK, &ours, NULL) < 0)
                return -errno;
        (void)signal(SIGPIPE, SIG_IGN);
        r = sd_event_add_signal(event, NULL, SIGTERM, on_signal, NULL);
        return r < 0 ? r : sd_event_add_signal(event, NULL, SIGINT, on_signal, NULL);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct helper_server *s = userdata;

        return sd_event_exit(s->event, 0);
}

static int connect_bus(struct helper_server *s) {
        const struct helper_server_options *o = &s->options;
        int r = sd_bus_new(&s->bus);

        if (r >= 0)
                r = sd_bus_set_address(s->bus, o->bus ?: BUS_SYSTEM_ADDRESS);
        if (r >= 0)
                r = sd_bus_set_bus_client(s->bus, 1);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(s->bus, 0);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(s->bus, CALL_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_start(s->bus);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, NULL, "org.freedesktop.DBus.Local",
                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                        on_disconnected, s);
        if (r >= 0)
                r = sd_bus_add_filter(s->bus, NULL, on_message, s);
        if (r >= 0)
                r = sd_bus_add_object_vtable(s->bus, NULL, o->path, o->interface, o->vtable, o->data);
        return r < 0 ? r : sd_bus_attach_event(s->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
}

int helper_server_new(sd_event *event, const struct helper_server_options *options,
        struct helper_server **ret, struct diag *d) {
        _cleanup_(helper_server_freep) struct helper_server *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return diag_errno(d, -ENOMEM, "bus");
        *s = (struct helper_server){ .options = *options, .event = sd_event_ref(event) };
        r = watch_signals(event);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &s->idle, CLOCK_MONOTONIC, s->options.idle_usec, 0,
                        on_idle, s);
        if (r < 0)
                return diag_errno(d, r, "event loop");
        r = connect_bus(s);
        if (r < 0)
                return diag_errno(d, r, "bus %s", options->bus ?: BUS_SYSTEM_ADDRESS);
        /* last: who waits for the name may call */
        r = sd_bus_request_name(s->bus, options->name, 0);
        if (r < 0)
                return diag_errno(d, r, "cannot be %s on the bus", options->name);
        *ret = TAKE(s);
        return 0;
}

void helper_server_free(struct helper_server *s) {
        if (!s)
                return;
        sd_event_source_unref(s->idle);
        if (s->bus) {
                sd_bus_detach_event(s->bus);
                sd_bus_flush_close_unref(s->bus);
        }
        sd_event_unref(s->event);
        free(s);
}
