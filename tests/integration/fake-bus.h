/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What stand-ins on a test's bus have in common. */
#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

static inline int fake_bus_open(const char *address, sd_bus **ret) {
        int r = sd_bus_new(ret);

        if (r >= 0)
                r = sd_bus_set_address(*ret, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(*ret, 1);
        return r < 0 ? r : sd_bus_start(*ret);
}

/* Says that it is ready, and answers until *end (NULL: until the bus is gone). */
static inline int fake_bus_serve(sd_bus *bus, const bool *end) {
        int r = 0;

        puts("ready");
        fflush(stdout);
        while (r >= 0 && !(end && *end)) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        return r;
}
