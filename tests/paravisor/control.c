/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/number.h"
#include "tests/paravisor/listen.h"
#include "tests/paravisor/orders.h"

#define LINE_SIZE 8192

struct control {
        sd_event *event;
        struct vtpm *vtpm;
        struct queue *queue;
        int fd;
        sd_event_source *source;
        struct giver *givers;
};

struct giver {
        struct control *control;
        struct giver *next;
        int fd;
        sd_event_source *source;
        char line[LINE_SIZE];
        size_t n_line;
};

static int add_counters(struct json_object *j, const struct counters *c) {
        return json_add_number(j, "commands", c->commands) && json_add_number(j, "nv-reads", c->nv_reads) &&
                        json_add_number(j, "nv-writes", c->nv_writes) &&
                        json_add_number(j, "quotes", c->quotes) &&
                        json_add_number(j, "reports", c->reports) &&
                        json_add_number(j, "requests", c->requests) &&
                        json_add_number(j, "followed", c->followed)
                ? 0
                : -ENOMEM;
}

/* What is asked for does not count as a command of the guest. */
static int tell_state(struct giver *g, struct json_object **ret, struct diag *d) {
        _cleanup_(json_putp) struct json_object *j = json_object_new_object();
        struct control *o = g->control;
        char text[2 * INPUT_MAX + 1];
        uint8_t input[INPUT_MAX];
        size_t n = 0;
        int r;

        r = vtpm_read_input(o->vtpm, input, sizeof(input), &n, d);
        if (r < 0 && r != -ENODATA && r != -EACCES)
                return r;
        hex_format(input, n, text);
        if (!j || add_counters(j, &o->vtpm->counters) < 0 ||
                !json_add_flag(j, "held", queue_is_held(o->queue)) ||
                !json_add_flag(j, "busy", queue_is_busy(o->queue)) ||
                !json_add_text(j, "input", r < 0 ? NULL : text))
                return -ENOMEM;
        *ret = TAKE(j);
        return 0;
}

/* Nobody there any more: the next event says so. */
static void reply(struct giver *g, const char *text) {
        dprintf(g->fd, "%s\n", text);
}

static void on_held(void *userdata) {
        reply(userdata, "held");
}

static int begin_hold(struct giver *g, struct order *o, struct diag *d) {
        uint64_t nth;
        int r;

        if (!o->word[1] || number_parse(o->word[1], 10, FOR_EVER, &nth) < 0 || nth == 0)
                return diag_fail(d, -EINVAL, "hold: the first command is 1");
        r = queue_hold(g->control->queue, (unsigned)nth, on_held, g);
        if (r < 0)
                return diag_errno(d, r, "hold: there is one already");
        return 0;
}

static void take_line(struct giver *g, char *line) {
        _cleanup_(json_putp) struct json_object *state = NULL;
        struct order o = { .vtpm = g->control->vtpm, .queue = g->control->queue };
        struct diag d = {};
        int r = orders_split(line, &o, &d);

        if (r >= 0 && strcmp(o.word[0], "hold") == 0) {
                r = begin_hold(g, &o, &d);
        } else if (r >= 0 && strcmp(o.word[0], "state") == 0) {
                r = tell_state(g, &state, &d);
        } else if (r >= 0) {
                r = orders_follow(&o, &d);
        }
        if (r < 0)
                dprintf(g->fd, "error: %s\n", d.text[0] ? d.text : errno_text(r));
        else
                reply(g, state ? json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN) : "ok");
}

static void giver_free(struct giver *g) {
        for (struct giver **at = &g->control->givers; *at; at = &(*at)->next)
                if (*at == g) {
                        *at = g->next;
                        break;
                }
        queue_end_hold(g->control->queue, g);
        sd_event_source_disable_unref(g->source);
        closep(&g->fd);
        free(g);
}

static int on_giver(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct giver *g = userdata;
        char *end;
        ssize_t n;

        n = read(fd, g->line + g->n_line, sizeof(g->line) - g->n_line);
        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n <= 0) {
                giver_free(g);
                return 0;
        }
        g->n_line += (size_t)n;
        while ((end = memchr(g->line, '\n', g->n_line))) {
                size_t taken = (size_t)(end + 1 - g->line);

                *end = '\0';
                take_line(g, g->line);
                memmove(g->line, g->line + taken, g->n_line - taken);
                g->n_line -= taken;
        }
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct control *o = userdata;
        struct giver *g;
        int giver = listen_accept(fd);

        if (giver < 0)
                return 0;
        g = calloc(1, sizeof(*g));
        forge_check(g != NULL, "memory");
        g->control = o;
        g->fd = giver;
        g->next = o->givers;
        o->givers = g;
        return sd_event_add_io(o->event, &g->source, giver, EPOLLIN, on_giver, g);
}

int control_new(sd_event *event, struct vtpm *vtpm, struct queue *queue, const char *path,
        struct control **ret, struct diag *d) {
        _cleanup_(control_freep) struct control *o = calloc(1, sizeof(*o));
        int r;

        if (!o)
                return -ENOMEM;
        o->event = event;
        o->vtpm = vtpm;
        o->queue = queue;
        o->fd = -1;
        r = listen_path(path, &o->fd, d);
        if (r >= 0)
                r = sd_event_add_io(event, &o->source, o->fd, EPOLLIN, on_connection, o);
        if (r < 0)
                return r;
        *ret = TAKE(o);
        return 0;
}

void control_free(struct control *o) {
        if (!o)
                return;
        while (o->givers)
                giver_free(o->givers);
        sd_event_source_disable_unref(o->source);
        closep(&o->fd);
        free(o);
}
