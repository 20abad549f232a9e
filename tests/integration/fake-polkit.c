/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.PolicyKit1 on a bus given by its address, that answers as it is told through
 * org.cvmd1.Test and says what it was asked. Prints "ready".
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/base/cleanup.h"
#include "tests/integration/fake-bus.h"

#define NAME "org.freedesktop.PolicyKit1"
#define PATH "/org/freedesktop/PolicyKit1/Authority"

struct fake {
        sd_bus *bus;
        /*
         * yes, no, challenge, dismissed; hold (until Release); malformed; error (of polkit's own), unknown
         * (that says as the bus does that nobody is there), silence (the name is given away, and nothing
         * said), exit
         */
        char behaviour[16];
        char **questions, **cancelled; /* "ACTION FLAGS SENDER KEY=VALUE..." */
        size_t n_questions, n_cancelled;
        sd_bus_message **held;
        size_t n_held;
        bool end;
};

static int note(char ***list, size_t *n, const char *text) {
        char **more = reallocarray(*list, *n + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        *list = more;
        more[*n] = strdup(text);
        return more[*n] ? (int)++*n : -ENOMEM;
}

static int answer(struct fake *f, sd_bus_message *m) {
        const char *how = f->behaviour;
        int yes = strcmp(how, "yes") == 0, dismissed = strcmp(how, "dismissed") == 0,
            challenge = dismissed || strcmp(how, "challenge") == 0;

        if (strcmp(how, "malformed") == 0)
                return sd_bus_reply_method_return(m, "b", 1);
        if (strcmp(how, "error") == 0)
                return sd_bus_reply_method_errorf(m, NAME ".Error.Failed", "out of order");
        if (strcmp(how, "unknown") == 0)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_SERVICE_UNKNOWN, "nobody is there");
        if (dismissed)
                return sd_bus_reply_method_return(m, "(bba{ss})", 0, 1, 1, "polkit.dismissed", "true");
        return sd_bus_reply_method_return(m, "(bba{ss})", yes, challenge, 0);
}

static int hold(struct fake *f, sd_bus_message *m) {
        sd_bus_message **more = reallocarray(f->held, f->n_held + 1, sizeof(sd_bus_message *));

        if (!more)
                return -ENOMEM;
        f->held = more;
        more[f->n_held++] = sd_bus_message_ref(m);
        return 1;
}

static int read_question(sd_bus_message *m, FILE *to) {
        const char *kind, *name, *sender, *action, *key, *value, *id;
        char details[1024] = "";
        uint32_t flags;
        int r = sd_bus_message_read(m, "(sa{sv})s", &kind, 1, &name, "s", &sender, &action);

        if (r < 0 || strcmp(kind, "system-bus-name") != 0 || strcmp(name, "name") != 0)
                return -EBADMSG;
        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0)
                snprintf(details + strlen(details), sizeof(details) - strlen(details), " %s=%s", key, value);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_read(m, "us", &flags, &id);
        if (r >= 0)
                fprintf(to, "%s %u %s id=%s%s", action, flags, sender, id, details);
        return r;
}

static int on_check(sd_bus_message *m, void *data, sd_bus_error *error) {
        _cleanup_(freep) char *text = NULL;
        struct fake *f = data;
        size_t n;
        FILE *to = open_memstream(&text, &n);
        int r = to ? read_question(m, to) : -ENOMEM;

        if (to)
                fclose(to);
        if (r >= 0)
                r = note(&f->questions, &f->n_questions, text);
        if (r < 0)
                return r;
        f->end = strcmp(f->behaviour, "exit") == 0;
        if (f->end)
                return 1;
        if (strcmp(f->behaviour, "silence") == 0)
                return sd_bus_release_name(f->bus, NAME) < 0 ? -EIO : hold(f, m);
        return strcmp(f->behaviour, "hold") == 0 ? hold(f, m) : answer(f, m);
}

static int on_cancel(sd_bus_message *m, void *data, sd_bus_error *error) {
        struct fake *f = data;
        const char *id;
        int r = sd_bus_message_read(m, "s", &id);

        if (r >= 0)
                r = note(&f->cancelled, &f->n_cancelled, id);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

/* Those that are held are answered so, and all after them. */
static int on_behave(sd_bus_message *m, void *data, sd_bus_error *error) {
        struct fake *f = data;
        const char *how;
        int r = sd_bus_message_read(m, "s", &how);

        if (r < 0)
                return r;
        snprintf(f->behaviour, sizeof(f->behaviour), "%s", how);
        for (size_t i = 0; i < f->n_held; i++) {
                (void)answer(f, f->held[i]);
                sd_bus_message_unref(f->held[i]);
        }
        f->n_held = 0;
        return sd_bus_reply_method_return(m, NULL);
}

static int append_list(sd_bus_message *m, char *const *list, size_t n) {
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(m, "s", list[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int on_asked(sd_bus_message *m, void *data, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const struct fake *f = data;
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = append_list(reply, f->questions, f->n_questions);
        if (r >= 0)
                r = append_list(reply, f->cancelled, f->n_cancelled);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

/* No vtable: sd-bus would not let an answer pass that is not of the type promised. */
static int on_authority(sd_bus_message *m, void *data, sd_bus_error *error) {
        if (sd_bus_message_is_method_call(m, NAME ".Authority", "CheckAuthorization"))
                return on_check(m, data, error);
        if (sd_bus_message_is_method_call(m, NAME ".Authority", "CancelAuthorization"))
                return on_cancel(m, data, error);
        return 0;
}

static const sd_bus_vtable test[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Behave", "s", "", on_behave, OPEN),
        SD_BUS_METHOD("Asked", "", "asas", on_asked, OPEN),
        SD_BUS_VTABLE_END,
};

static int serve(struct fake *f, const char *address) {
        int r = fake_bus_open(address, &f->bus);

        if (r >= 0)
                r = sd_bus_add_object(f->bus, NULL, PATH, on_authority, f);
        if (r >= 0)
                r = sd_bus_add_object_vtable(f->bus, NULL, "/test", "org.cvmd1.Test", test, f);
        if (r >= 0)
                r = sd_bus_request_name(f->bus, "org.cvmd1.FakePolkit", 0);
        if (r >= 0)
                r = sd_bus_request_name(f->bus, NAME, 0);
        return r < 0 ? r : fake_bus_serve(f->bus, &f->end);
}

int main(int argc, char *argv[]) {
        struct fake f = { .behaviour = "no" };
        int r = argc == 2 ? serve(&f, argv[1]) : -EINVAL;

        for (size_t i = 0; i < f.n_held; i++)
                sd_bus_message_unref(f.held[i]);
        for (size_t i = 0; i < f.n_questions; i++)
                free(f.questions[i]);
        for (size_t i = 0; i < f.n_cancelled; i++)
                free(f.cancelled[i]);
        free(f.held);
        free(f.questions);
        free(f.cancelled);
        sd_bus_unref(f.bus);
        return r < 0;
}
