/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor: what the daemon signals, one line an event, until interrupted. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cli/bus-client.h"
#include "cli/verbs.h"
#include "lib/base/json-build.h"

struct monitor {
        struct context *x;
        sd_event *event;
        int r; /* why it ended */
};

static void eventp(sd_event **e) {
        sd_event_unref(*e);
}

static int stop(struct monitor *m, int r) {
        m->r = r;
        return sd_event_exit(m->event, 0);
}

/* One event: its line, flushed so that whoever reads sees it now. json is taken over. */
static int emit(struct monitor *m, const char *event, struct json_object *json, const char *text) {
        _cleanup_(json_putp) struct json_object *o = json;
        struct output *out = &m->x->out;
        char stamp[64], fraction[64];
        struct timespec now;
        struct tm tm;
        int r;

        clock_gettime(CLOCK_REALTIME, &now);
        if (out->json != JSON_OFF) {
                strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
                snprintf(fraction, sizeof(fraction), "%.32s.%06ldZ", stamp, now.tv_nsec / 1000);
                if (!o || !json_add_text(o, "time", fraction) || !json_add_text(o, "event", event))
                        return stop(m, -ENOMEM);
                output_json(out, o);
        } else {
                strftime(stamp, sizeof(stamp), "%H:%M:%S", localtime_r(&now.tv_sec, &tm));
                fprintf(out->f, "%s  %-8s  ", stamp, event);
                output_text(out, text);
                fputc('\n', out->f);
        }
        r = output_flush(out, NULL, &m->x->diag);
        return r < 0 ? stop(m, r) : 0;
}

/* A signal that is not what the contract says ends the monitor: it must not look as if nothing had happened.
 */
static int bad_signal(struct monitor *m, int r, const char *name) {
        return stop(m, client_bad_reply(m->x, r, name));
}

static int on_decision(sd_bus_message *s, void *data, sd_bus_error *error) {
        struct monitor *m = data;
        struct json_object *o = json_object_new_object();
        const char *path, *instance, *verdict, *rule, *reason;
        _cleanup_(freep) char *text = NULL;
        int r;

        r = sd_bus_message_read(s, "ossss", &path, &instance, &verdict, &rule, &reason);
        if (r < 0 || !o || !json_add_text(o, "instance", instance) ||
                !json_add_text(o, "verdict", verdict) || !json_add_text(o, "rule", rule) ||
                !json_add_text(o, "reason", reason) ||
                asprintf(&text, "%s %s by %s%s%s", instance, verdict, rule, *reason ? ": " : "", reason) <
                        0) {
                json_object_put(o);
                return bad_signal(m, r < 0 ? r : -ENOMEM, "DecisionMade");
        }
        return emit(m, "decision", o, text);
}

static int on_rebound(sd_bus_message *s, void *data, sd_bus_error *error) {
        struct monitor *m = data;
        struct json_object *o = json_object_new_object();
        const char *path, *instance, *driver;
        _cleanup_(freep) char *text = NULL;
        uint32_t times;
        int r;

        r = sd_bus_message_read(s, "ossu", &path, &instance, &driver, &times);
        if (r < 0 || !o || !json_add_text(o, "instance", instance) || !json_add_text(o, "driver", driver) ||
                !json_add_number(o, "times", times) ||
                asprintf(&text, "%s was bound again by somebody to %s (%u in all)", instance, driver,
                        times) < 0) {
                json_object_put(o);
                return bad_signal(m, r < 0 ? r : -ENOMEM, "DeviceRebound");
        }
        return emit(m, "rebound", o, text);
}

static int on_tried_signal(sd_bus_message *s, void *data, sd_bus_error *error) {
        struct monitor *m = data;
        struct json_object *o = json_object_new_object();
        const char *path, *instance, *verdict, *tried, *rule, *reason;
        _cleanup_(freep) char *text = NULL;
        int r;

        r = sd_bus_message_read(s, "osssss", &path, &instance, &verdict, &tried, &rule, &reason);
        if (r < 0 || !o || !json_add_text(o, "instance", instance) ||
                !json_add_text(o, "verdict", verdict) || !json_add_text(o, "tried", tried) ||
                !json_add_text(o, "rule", rule) || !json_add_text(o, "reason", reason)) {
                json_object_put(o);
                return bad_signal(m, r < 0 ? r : -ENOMEM, "TriedDiffers");
        }
        r = *rule
                ? asprintf(&text, "%s would be %s by %s, not %s: %s", instance, tried, rule, verdict, reason)
                : asprintf(&text, "%s would be %s, as it is", instance, tried);
        if (r < 0) {
                json_object_put(o);
                return bad_signal(m, -ENOMEM, "TriedDiffers");
        }
        return emit(m, "tried", o, text);
}

/* {"event":EVENT,KEY:VALUE}, for what has one word to say. */
static int emit_word(struct monitor *m, const char *event, const char *key, const char *value) {
        struct json_object *o = json_object_new_object();

        if (o && !json_add_text(o, key, value)) {
                json_object_put(o);
                o = NULL;
        }
        return emit(m, event, o, *value ? value : "none");
}

/* The properties of the manager that people watch. */
static int on_properties(sd_bus_message *s, void *data, sd_bus_error *error) {
        static const struct {
                const char *property, *event;
        } watched[] = {
                { "State", "state" },
                { "Mode", "mode" },
                { "PolicyDigest", "policy" },
                { "TriedDigest", "tried" },
        };
        const size_t n_watched = sizeof(watched) / sizeof(watched[0]);
        struct monitor *m = data;
        const char *name, *value;
        int r;

        r = sd_bus_message_skip(s, "s"); /* the match named the interface */
        if (r >= 0)
                r = sd_bus_message_enter_container(s, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(s, 'e', "sv")) > 0) {
                size_t i = 0;

                r = sd_bus_message_read(s, "s", &name);
                while (r >= 0 && i < n_watched && strcmp(watched[i].property, name) != 0)
                        i++;
                if (r >= 0 && i < n_watched) {
                        r = sd_bus_message_read(s, "v", "s", &value);
                        if (r >= 0)
                                r = emit_word(m, watched[i].event, watched[i].event, value);
                } else if (r >= 0)
                        r = sd_bus_message_skip(s, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(s);
        }
        return r < 0 ? bad_signal(m, r, "PropertiesChanged") : 0;
}

/* InterfacesAdded and InterfacesRemoved start alike. */
static int on_device(struct monitor *m, sd_bus_message *s, const char *event) {
        char instance[GUID_TEXT_SIZE];
        const char *path;
        struct guid g;
        int r = sd_bus_message_read(s, "o", &path);

        if (r < 0)
                return bad_signal(m, r, event);
        if (device_path_parse(path, &g) < 0)
                return 0; /* not a device */
        guid_format(&g, instance);
        return emit_word(m, event, "instance", instance);
}

static int on_added(sd_bus_message *s, void *data, sd_bus_error *error) {
        return on_device(data, s, "added");
}

static int on_removed(sd_bus_message *s, void *data, sd_bus_error *error) {
        return on_device(data, s, "removed");
}

static int on_owner(sd_bus_message *s, void *data, sd_bus_error *error) {
        struct monitor *m = data;
        const char *name, *before, *after;
        int r = sd_bus_message_read(s, "sss", &name, &before, &after);

        if (r < 0)
                return bad_signal(m, r, "NameOwnerChanged");
        return emit_word(m, "daemon", "daemon", *after ? "started" : "gone");
}

static int on_disconnect(sd_bus_message *s, void *data, sd_bus_error *error) {
        struct monitor *m = data;

        return stop(m, diag_fail(&m->x->diag, -ENOTCONN, "the bus is gone"));
}

static int on_reader_gone(sd_event_source *source, int fd, uint32_t events, void *data) {
        struct monitor *m = data;

        return stop(m, diag_errno(&m->x->diag, -EPIPE, "cannot write the output"));
}

static int subscribe(struct monitor *m, sd_bus *bus) {
        static const struct {
                const char *match;
                sd_bus_message_handler_t handler;
        } matches[] = {
                { "sender='" CVMD_NAME "',interface='" CVMD_MANAGER "',member='DecisionMade'", on_decision },
                { "sender='" CVMD_NAME "',interface='" CVMD_MANAGER "',member='DeviceRebound'", on_rebound },
                { "sender='" CVMD_NAME "',interface='" CVMD_MANAGER "',member='TriedDiffers'",
                        on_tried_signal },
                { "sender='" CVMD_NAME
                  "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
                  "path='" CVMD_PATH "',arg0='" CVMD_MANAGER "'",
                        on_properties },
                { "sender='" CVMD_NAME
                  "',interface='org.freedesktop.DBus.ObjectManager',member='InterfacesAdded'",
                        on_added },
                { "sender='" CVMD_NAME
                  "',interface='org.freedesktop.DBus.ObjectManager',member='InterfacesRemoved'",
                        on_removed },
                { "sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                  "arg0='" CVMD_NAME "'",
                        on_owner },
                { "path='/org/freedesktop/DBus/"
                  "Local',interface='org.freedesktop.DBus.Local',member='Disconnected'",
                        on_disconnect },
        };
        int r = 0;

        for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]) && r >= 0; i++)
                r = sd_bus_add_match(bus, NULL, matches[i].match, matches[i].handler, m);
        return r < 0 ? diag_errno(&m->x->diag, r, "cannot listen to cvmd") : 0;
}

/* The state to start from; asked for after subscribing, so that no change is missed. */
static int emit_state(struct monitor *m, sd_bus *bus) {
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        const char *state;
        int r;

        r = client_call(m->x, bus, CVMD_PATH, "org.freedesktop.DBus.Properties", "Get", &reply, "ss",
                CVMD_MANAGER, "State");
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "v", "s", &state);
        return r < 0 ? client_bad_reply(m->x, r, "State") : emit_word(m, "state", "state", state);
}

static int watch(struct monitor *m, sd_bus *bus) {
        int r = sd_event_new(&m->event);

        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_io(m->event, NULL, STDOUT_FILENO, 0, on_reader_gone, m);
        if (r >= 0 || r == -EPERM) /* a regular file never hangs up */
                r = sd_bus_attach_event(bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? diag_errno(&m->x->diag, r, "cannot wait for events") : 0;
}

int verb_monitor(struct context *x, char **args, size_t n) {
        struct monitor m = { .x = x };
        _cleanup_(eventp) sd_event *event = NULL;
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r;

        r = client_open(x, &bus);
        if (r >= 0)
                r = watch(&m, bus);
        event = m.event;
        if (r >= 0)
                r = subscribe(&m, bus);
        if (r >= 0)
                r = emit_state(&m, bus);
        if (r >= 0 && m.r >= 0)
                r = sd_event_loop(event);
        return r < 0 ? r : m.r;
}
