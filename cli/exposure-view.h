/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The times of a device and for how long it was exposed, as cvmctl has them from the daemon. */
#include <json-c/json_object.h>
#include <systemd/sd-bus.h>

#include "cli/output.h"
#include "lib/enforce/exposure-json.h"

/* Zeroed: nothing is known, as of what was not looked at by a daemon. */
struct exposure_view {
        struct stamp times[_EXPOSURE_MOMENT_MAX];
        struct exposure_sum sum;
        bool known; /* the sum */
};

/* For a table of properties: Times into the field `times`, Exposure into the whole. */
int exposure_read_times(sd_bus_message *m, void *times);
int exposure_read_sum(sd_bus_message *m, void *view);

/* From the JSON of an explanation: its "times" and "exposure". */
void exposure_from_json(struct json_object *o, struct exposure_view *ret);

/* Adds "times" and "exposure", null when nothing is known. */
bool exposure_add_json(struct json_object *o, const struct exposure_view *v);

/* Lines of a sheet; none when nothing is known. */
void exposure_print(const struct exposure_view *v, struct output *out);
