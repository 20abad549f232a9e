/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy being tried would do, in the words of status. */
#include "cli/tried-view.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli/view-text.h"
#include "lib/base/cleanup.h"
#include "lib/base/json-build.h"

static void difference_done(struct difference_view *d) {
        char *strings[] = { d->instance, d->verdict, d->tried, d->rule, d->reason };

        for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
                free(strings[i]);
}

void tried_view_done(struct tried_view *v) {
        for (size_t i = 0; i < v->n; i++)
                difference_done(&v->differences[i]);
        free(v->differences);
        free(v->digest);
        *v = (struct tried_view){};
}

/* 0 at the end of the array. */
static int read_difference(sd_bus_message *m, struct difference_view *ret) {
        char **fields[] = { &ret->instance, &ret->verdict, &ret->tried, &ret->rule, &ret->reason };
        const char *texts[5];
        int r = sd_bus_message_read(m, "(sssss)", &texts[0], &texts[1], &texts[2], &texts[3], &texts[4]);

        for (size_t i = 0; r > 0 && i < 5; i++) {
                *fields[i] = strdup(texts[i]);
                if (!*fields[i])
                        return -ENOMEM;
        }
        return r;
}

int tried_read_differences(sd_bus_message *m, void *field) {
        struct tried_view *v = (void *)((char *)field - offsetof(struct tried_view, differences));
        int r = sd_bus_message_enter_container(m, 'a', "(sssss)");

        while (r >= 0) {
                struct difference_view *more = reallocarray(v->differences, v->n + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                v->differences = more;
                more[v->n++] = (struct difference_view){};
                r = read_difference(m, &more[v->n - 1]);
                if (r == 0) {
                        v->n--;
                        return sd_bus_message_exit_container(m);
                }
        }
        return r;
}

static uint64_t seconds_left(const struct tried_view *v) {
        struct timespec t;
        uint64_t now;

        clock_gettime(CLOCK_BOOTTIME, &t);
        now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        return v->until > now ? (v->until - now + 999999) / 1000000 : 0;
}

static struct json_object *difference_json(const struct difference_view *d) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "instance", d->instance) || !json_add_text(o, "verdict", d->verdict) ||
                !json_add_text(o, "tried", d->tried) || !json_add_text(o, "rule", d->rule) ||
                !json_add_text(o, "reason", d->reason))
                return NULL;
        return TAKE(o);
}

static struct json_object *tried_json(const struct tried_view *v) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object(), *a = json_object_new_array();

        for (size_t i = 0; a && i < v->n; i++)
                if (!json_append(a, difference_json(&v->differences[i])))
                        return NULL;
        if (!o || !a || !json_add_text(o, "digest", v->digest) ||
                !json_add_number(o, "seconds-left", seconds_left(v)) || !json_add(o, "differences", TAKE(a)))
                return NULL;
        return TAKE(o);
}

bool tried_add_json(struct json_object *o, const struct tried_view *v) {
        if (!v->digest || !*v->digest)
                return json_add_null(o, "tried");
        return json_add(o, "tried", tried_json(v));
}

static void print_difference(const struct difference_view *d, struct output *out) {
        int verdict = verdict_from_string(d->tried);

        print_label(out, "");
        output_text(out, d->instance);
        fprintf(out->f, " would be %s", verdict < 0 ? "" : output_colour(out, verdict_colour(verdict)));
        output_text(out, d->tried);
        fprintf(out->f, "%s by ", output_colour(out, COLOUR_NONE));
        output_text(out, d->rule);
        fputs(", not ", out->f);
        output_text(out, d->verdict);
        fputc('\n', out->f);
        print_field(out, "", d->reason);
}

void tried_print(const struct tried_view *v, struct output *out) {
        if (!v->digest || !*v->digest)
                return;
        print_label(out, "Tried");
        output_text(out, v->digest);
        fprintf(out->f, ", for %llu s more\n", (unsigned long long)seconds_left(v));
        print_label(out, "");
        if (v->n == 0)
                fputs("it would make nothing else of any device\n", out->f);
        else
                fprintf(out->f, "it would make something else of %zu %s:\n", v->n,
                        v->n == 1 ? "device" : "devices");
        for (size_t i = 0; i < v->n; i++)
                print_difference(&v->differences[i], out);
}
