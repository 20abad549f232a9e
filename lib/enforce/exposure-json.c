/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/enforce/exposure-json.h"

#include "lib/base/json-build.h"

static bool add_stamp(struct json_object *o, const char *key, const struct stamp *s) {
        _cleanup_(json_putp) struct json_object *stamp = NULL;

        if (s->source == STAMP_UNKNOWN)
                return json_add_null(o, key);
        stamp = json_object_new_object();
        if (!stamp || !(s->usec ? json_add_number(stamp, "usec", s->usec) : json_add_null(stamp, "usec")) ||
                !json_add_text(stamp, "source", stamp_source_to_string(s->source)))
                return false;
        return json_add(o, key, TAKE(stamp));
}

struct json_object *exposure_times_json(const struct stamp times[_EXPOSURE_MOMENT_MAX]) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        for (enum exposure_moment i = 0; o && i < _EXPOSURE_MOMENT_MAX; i++)
                if (!add_stamp(o, exposure_moment_to_string(i), &times[i]))
                        return NULL;
        return TAKE(o);
}

struct json_object *exposure_sum_json(const struct exposure_sum *s) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "at-least-usec", s->least) ||
                !(s->most_known ? json_add_number(o, "at-most-usec", s->most)
                                : json_add_null(o, "at-most-usec")) ||
                !json_add_flag(o, "ongoing", s->ongoing))
                return NULL;
        return TAKE(o);
}
