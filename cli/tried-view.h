/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A policy being tried: read from the daemon, printed in either form. */
#include <systemd/sd-bus.h>

#include "cli/output.h"

/* A device of which the policy being tried makes something else. */
struct difference_view {
        char *instance, *verdict, *tried, *rule, *reason;
};

struct tried_view {
        char *digest;   /* "" or NULL: no policy is being tried */
        uint64_t until; /* CLOCK_BOOTTIME, in microseconds */
        struct difference_view *differences;
        size_t n;
};

void tried_view_done(struct tried_view *v);

/* One a(sssss) into a struct difference_view * that is followed by its number, as in struct tried_view. */
int tried_read_differences(sd_bus_message *m, void *field);

/* Adds "tried": {"digest","seconds-left","differences":[{"instance","verdict","tried","rule","reason"}]}, or
 * null.
 */
bool tried_add_json(struct json_object *o, const struct tried_view *v);

/* As a field of a sheet, and a line for each difference; nothing when no policy is being tried. */
void tried_print(const struct tried_view *v, struct output *out);
