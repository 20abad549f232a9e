/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties Times and Exposure of a device: "so far" is as of the asking, so it never looks old. */
#include "daemon/exposure-bus.h"

#include <string.h>
#include <time.h>

static const struct exposure *exposure_of(const struct property_object *o) {
        return &o->picture->devices[o->device].exposure;
}

static uint64_t boottime_usec(void) {
        struct timespec t = {};

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int exposure_append_times(sd_bus_message *reply, const struct property_object *o) {
        const struct exposure *e = exposure_of(o);
        int r = sd_bus_message_open_container(reply, 'a', "{s(ts)}");

        for (enum exposure_moment i = 0; i < _EXPOSURE_MOMENT_MAX && r >= 0; i++)
                if (e->times[i].source != STAMP_UNKNOWN)
                        r = sd_bus_message_append(reply, "{s(ts)}", exposure_moment_to_string(i),
                                e->times[i].usec, stamp_source_to_string(e->times[i].source));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

bool exposure_same_times(const struct property_object *before, const struct property_object *after) {
        return exposure_same_moments(exposure_of(before), exposure_of(after));
}

int exposure_append_sum(sd_bus_message *reply, const struct property_object *o) {
        struct exposure_sum s = exposure_sum(exposure_of(o), boottime_usec());

        return sd_bus_message_append(reply, "(ttb)", s.least, s.most_known ? s.most : UINT64_MAX,
                (int)s.ongoing);
}

/* Time that goes by is no change. */
bool exposure_same_sum(const struct property_object *before, const struct property_object *after) {
        struct exposure_sum a = exposure_sum(exposure_of(before), after->picture->judged),
                            b = exposure_sum(exposure_of(after), after->picture->judged);

        return a.least == b.least && a.most == b.most && a.most_known == b.most_known &&
                a.ongoing == b.ongoing;
}
