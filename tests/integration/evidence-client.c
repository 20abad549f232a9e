/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callers of GetEvidence, as many as wanted, each on a connection of its own to the bus given by its
 * address. Orders come on standard input, a line each: call NAME HEX [OPTION TYPE VALUE]...   NAME is
 * CONNECTION.ANYTHING; HEX the nonce, "-" for none drop CONNECTION                        leaves the bus and
 * each call's end goes to standard output: "NAME ok SEALS BASE64" or "NAME error ERROR TEXT". TYPE is that
 * of the variant: s, b, u, or ay with the value in hexadecimal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"

#define EVIDENCE_MAX ((size_t)64 * 1024 * 1024)
#define TIMEOUT_USEC (400 * 1000 * (uint64_t)1000)

struct connection {
        char *name;
        sd_bus *bus;
        struct connection *next;
};

struct client {
        const char *address;
        sd_event *event;
        struct connection *connections;
};

static int print_evidence(const char *name, sd_bus_message *m) {
        _cleanup_(freep) char *bytes = NULL, *text = NULL;
        int fd, r = sd_bus_message_read(m, "h", &fd);
        size_t n;

        if (r >= 0)
                r = file_read_fd(fd, EVIDENCE_MAX, &bytes, &n);
        if (r >= 0)
                r = base64_format(bytes, n, BASE64_STANDARD, &text);
        if (r >= 0)
                printf("%s ok %d %s\n", name, fcntl(fd, F_GET_SEALS), text);
        return r;
}

static int on_answer(sd_bus_message *m, void *data, sd_bus_error *error) {
        _cleanup_(freep) char *name = data;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e)
                printf("%s error %s %s\n", name, e->name, e->message);
        else if (print_evidence(name, m) < 0)
                printf("%s error - what was sent cannot be read\n", name);
        fflush(stdout);
        return 0;
}

static struct connection *connect_as(struct client *c, const char *name) {
        struct connection *n;

        for (n = c->connections; n; n = n->next)
                if (strcmp(n->name, name) == 0)
                        return n;
        n = calloc(1, sizeof(*n));
        if (!n || sd_bus_new(&n->bus) < 0 || sd_bus_set_address(n->bus, c->address) < 0 ||
                sd_bus_set_bus_client(n->bus, 1) < 0 || sd_bus_start(n->bus) < 0 ||
                sd_bus_attach_event(n->bus, c->event, 0) < 0)
                return NULL;
        n->name = strdup(name);
        n->next = c->connections;
        c->connections = n;
        return n;
}

static int append_bytes(sd_bus_message *m, const char *hex) {
        uint8_t bytes[4096];
        size_t n = 0;
        int r = strcmp(hex, "-") == 0 ? 0 : hex_parse(hex, strlen(hex), bytes, sizeof(bytes), &n);

        return r < 0 ? r : sd_bus_message_append_array(m, 'y', bytes, n);
}

static int append_value(sd_bus_message *m, const char *type, const char *value) {
        int r = sd_bus_message_open_container(m, 'v', type);

        if (r < 0)
                return r;
        if (strcmp(type, "ay") == 0)
                r = append_bytes(m, value);
        else if (strcmp(type, "s") == 0)
                r = sd_bus_message_append(m, "s", value);
        else
                r = sd_bus_message_append(m, type, atoi(value));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_options(sd_bus_message *m, char **rest) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");
        const char *option, *type, *value;

        while (r >= 0 && (option = strtok_r(NULL, " \n", rest))) {
                type = strtok_r(NULL, " \n", rest);
                value = strtok_r(NULL, " \n", rest);
                if (!type || !value)
                        return -EINVAL;
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r >= 0)
                        r = sd_bus_message_append(m, "s", option);
                if (r >= 0)
                        r = append_value(m, type, value);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int call(struct client *c, char **rest) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *name = strtok_r(NULL, " \n", rest), *nonce = strtok_r(NULL, " \n", rest);
        _cleanup_(freep) char *connection = NULL;
        struct connection *n;
        int r;

        if (!name || !nonce)
                return -EINVAL;
        connection = strndup(name, strcspn(name, "."));
        n = connection ? connect_as(c, connection) : NULL;
        if (!n)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(n->bus, &m, "org.cvmd1", "/org/cvmd1", "org.cvmd1.Attestation",
                "GetEvidence");
        if (r >= 0)
                r = append_bytes(m, nonce);
        if (r >= 0)
                r = append_options(m, rest);
        if (r >= 0)
                r = sd_bus_call_async(n->bus, NULL, m, on_answer, strdup(name), TIMEOUT_USEC);
        return r;
}

static void connection_free(struct connection *n) {
        sd_bus_close_unref(n->bus);
        free(n->name);
        free(n);
}

static int drop(struct client *c, char **rest) {
        const char *name = strtok_r(NULL, " \n", rest);

        for (struct connection **at = &c->connections; name && *at; at = &(*at)->next) {
                struct connection *n = *at;

                if (strcmp(n->name, name) != 0)
                        continue;
                *at = n->next;
                connection_free(n);
                return 0;
        }
        return -ENOENT;
}

static int on_line(sd_event_source *source, int fd, uint32_t revents, void *data) {
        struct client *c = data;
        char line[16384], *rest = NULL;
        const char *verb;
        int r;

        if (!fgets(line, sizeof(line), stdin))
                return sd_event_exit(c->event, 0);
        verb = strtok_r(line, " \n", &rest);
        r = verb && strcmp(verb, "drop") == 0 ? drop(c, &rest) : call(c, &rest);
        if (r < 0)
                fprintf(stderr, "evidence-client: %s: %s\n", verb, strerror(-r));
        return r < 0 ? sd_event_exit(c->event, r) : 0;
}

int main(int argc, char *argv[]) {
        struct client c = { .address = argc > 1 ? argv[1] : "" };
        int r = sd_event_new(&c.event);

        setvbuf(stdin, NULL, _IONBF, 0); /* a line that waits in a buffer is no event */
        if (r >= 0)
                r = sd_event_add_io(c.event, NULL, STDIN_FILENO, EPOLLIN, on_line, &c);
        if (r >= 0)
                r = sd_event_loop(c.event);
        while (c.connections) {
                struct connection *n = c.connections;

                c.connections = n->next;
                connection_free(n);
        }
        sd_event_unref(c.event);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
