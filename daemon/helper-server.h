/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd-attest and cvmd-fetch are made of: a service that the bus starts when it is called, that serves
 * one object to root alone, and that ends when nobody has called for a while. A bus that goes away ends it.
 */
#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "lib/base/diag.h"

struct helper_server;

struct helper_server_options {
        const char *bus;             /* an address; NULL: the system bus */
        const char *name;            /* the bus name */
        const char *path;            /* of the object */
        const char *interface;       /* its only one */
        const sd_bus_vtable *vtable; /* methods with SD_BUS_VTABLE_UNPRIVILEGED: see helper_server_admit() */
        void *data;                  /* of the methods */
        uint64_t idle_usec;
};

/* Connects, takes the name and serves from then on; SIGTERM and SIGINT end the loop. Borrows what options
 * point to. */
int helper_server_new(sd_event *event, const struct helper_server_options *options,
        struct helper_server **ret, struct diag *d);

void helper_server_free(struct helper_server *s);
DEFINE_FREEP(struct helper_server, helper_server_free)

/*
 * The first thing that every method does. Beside the bus's own policy, the caller's user has to be root, or
 * the one as whom we run, as in tests. -EACCES, with error filled in: org.cvmd1.Error.NotAuthorized.
 */
int helper_server_admit(sd_bus_message *call, sd_bus_error *error);

/* While it is held, it is not idle. */
void helper_server_hold(struct helper_server *s);
void helper_server_release(struct helper_server *s);
