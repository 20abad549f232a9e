/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * org.cvmd1 on a bus that may come late, go away and come again: cvmd never waits for it. What is served are
 * the manager's pictures (manager-bus.c, device-bus.c).
 */
#include <systemd/sd-event.h>

#include "daemon/manager.h"

#define BUS_NAME "org.cvmd1"
#define BUS_SYSTEM_ADDRESS "unix:path=/run/dbus/system_bus_socket"

struct bus;

/* Of the platforms that there are. */
#define REPORT_WINDOW_USEC (2 * 1000 * (uint64_t)1000)

struct bus_options {
        const char *address; /* NULL: the system bus */
        sd_event *event;
        struct manager *manager; /* borrowed, as all below, and observed */
        struct sysroot *root;
        uint64_t report_window_usec;   /* how long the vTPM shows a report again before it makes a new one */
        uint64_t polkit_patience_usec; /* how long polkit may take; 0: as long as is good */
};

/* A bus that cannot be reached is no failure. */
int bus_new(const struct bus_options *o, struct bus **ret, struct diag *d);

/* Sends what is still to be sent. The manager must not change any more. */
void bus_free(struct bus *b);
DEFINE_FREEP(struct bus, bus_free)
