/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the bus, from JSON, and to either form of output. */
#include "cli/exposure-view.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "cli/view-text.h"
#include "lib/base/json-build.h"

/* One {s(ts)}; a moment that we do not know is passed over. */
static int read_time(sd_bus_message *m, struct stamp *times) {
        const char *moment, *source;
        uint64_t usec;
        int r = sd_bus_message_read(m, "{s(ts)}", &moment, &usec, &source), i, s;

        if (r <= 0)
                return r;
        i = exposure_moment_from_string(moment);
        s = stamp_source_from_string(source);
        if (i >= 0)
                times[i] = (struct stamp){
                        .usec = usec,
                        .source = s < 0 ? STAMP_UNKNOWN : (enum stamp_source)s,
                };
        return 1;
}

int exposure_read_times(sd_bus_message *m, void *times) {
        int r = sd_bus_message_enter_container(m, 'a', "{s(ts)}");

        while (r >= 0 && (r = read_time(m, times)) > 0)
                continue;
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int exposure_read_sum(sd_bus_message *m, void *view) {
        struct exposure_view *v = view;
        int ongoing, r = sd_bus_message_read(m, "(ttb)", &v->sum.least, &v->sum.most, &ongoing);

        if (r < 0)
                return r;
        v->sum.most_known = v->sum.most != UINT64_MAX;
        v->sum.ongoing = ongoing;
        v->known = true;
        return 0;
}

static bool number_from_json(struct json_object *o, const char *key, uint64_t *ret) {
        struct json_object *value;

        *ret = 0;
        if (!json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, json_type_int))
                return false;
        *ret = json_object_get_uint64(value);
        return true;
}

static void stamp_from_json(struct json_object *o, struct stamp *ret) {
        struct json_object *source;
        int s;

        if (!json_object_object_get_ex(o, "source", &source) || !source)
                return;
        s = stamp_source_from_string(json_object_get_string(source));
        ret->source = s < 0 ? STAMP_UNKNOWN : (enum stamp_source)s;
        (void)number_from_json(o, "usec", &ret->usec);
}

void exposure_from_json(struct json_object *o, struct exposure_view *ret) {
        struct json_object *times, *sum, *value;
        struct exposure_view v = {};

        if (json_object_object_get_ex(o, "times", &times) && times)
                for (enum exposure_moment i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                        if (json_object_object_get_ex(times, exposure_moment_to_string(i), &value) && value)
                                stamp_from_json(value, &v.times[i]);
        if (json_object_object_get_ex(o, "exposure", &sum) && sum) {
                v.known = number_from_json(sum, "at-least-usec", &v.sum.least);
                v.sum.most_known = number_from_json(sum, "at-most-usec", &v.sum.most);
                v.sum.ongoing =
                        json_object_object_get_ex(sum, "ongoing", &value) && json_object_get_boolean(value);
        }
        *ret = v;
}

bool exposure_add_json(struct json_object *o, const struct exposure_view *v) {
        if (!v->known)
                return json_add_null(o, "times") && json_add_null(o, "exposure");
        return json_add(o, "times", exposure_times_json(v->times)) &&
                json_add(o, "exposure", exposure_sum_json(&v->sum));
}

static void print_milliseconds(uint64_t usec, struct output *out) {
        fprintf(out->f, "%" PRIu64 ".%03u ms", usec / 1000, (unsigned)(usec % 1000));
}

static void print_stamp(enum exposure_moment moment, const struct stamp *s, struct output *out) {
        char label[16];

        snprintf(label, sizeof(label), "%s", exposure_moment_to_string(moment));
        label[0] = (char)toupper(label[0]);
        print_label(out, label);
        if (s->source == STAMP_BEFORE_SEEN)
                fputs("before it was first seen\n", out->f);
        else
                fprintf(out->f, "%" PRIu64 ".%06u s after boot (%s)\n", s->usec / 1000000,
                        (unsigned)(s->usec % 1000000), stamp_source_to_string(s->source));
}

static void print_sum(const struct exposure_sum *s, struct output *out) {
        print_label(out, "Exposed");
        if (s->most_known && s->most == 0 && !s->ongoing)
                fputs("at no time", out->f);
        else {
                fputs("at least ", out->f);
                print_milliseconds(s->least, out);
                if (s->most_known) {
                        fputs(", at most ", out->f);
                        print_milliseconds(s->most, out);
                }
        }
        fputs(s->ongoing ? " so far\n" : "\n", out->f);
}

void exposure_print(const struct exposure_view *v, struct output *out) {
        if (!v->known)
                return;
        for (enum exposure_moment i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                if (v->times[i].source != STAMP_UNKNOWN)
                        print_stamp(i, &v->times[i], out);
        print_sum(&v->sum, out);
}
