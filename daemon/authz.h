/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who may do what: the one door that every privileged method of the bus goes through. Root may, and so may
 * the user as whom cvmd runs; the bus says who a caller is. Whether anybody else may, polkit says, by the
 * action that stands beside the method; where polkit is not installed, members of group cvm-attest may have
 * evidence. Whatever else goes wrong means no. Nothing here waits: bus and polkit are asked asynchronously.
 *
 * A method reads its arguments, asks here, and acts only after a 1. It is called anew, from its beginning,
 * when the answer was yes: what it saw before may be gone by then.
 */
#include <systemd/sd-bus.h>

#include "lib/base/cleanup.h"
#include "lib/facts/vmbus-device.h"

#define AUTHZ_GROUP "cvm-attest"
#define AUTHZ_PATIENCE_USEC (20 * 1000 * (uint64_t)1000) /* less than the 25 s that a caller has */
#define AUTHZ_INTERACTIVE_PATIENCE_USEC (300 * 1000 * (uint64_t)1000) /* somebody looks for a password */

struct authz;
struct bus;
struct bus_options;

enum authz_action {
        AUTHZ_UNSET,         /* nobody but root may */
        AUTHZ_ATTEST,        /* org.cvmd1.attest */
        AUTHZ_MANAGE_DEVICE, /* org.cvmd1.manage-device: until the next boot, about devices */
        AUTHZ_MANAGE_POLICY, /* org.cvmd1.manage-policy: what lasts, and what concerns all devices */
        _AUTHZ_ACTION_MAX,
};

/* NULL for AUTHZ_UNSET. */
const char *authz_action_to_string(enum authz_action a);

struct authz_query {
        enum authz_action action;
        const char *operation;       /* for rules and dialogs: one word, static */
        const struct device *device; /* the one that it is about; NULL: none, or several */
        const struct guid *gone;     /* or one that there is no more */
        sd_bus_message_handler_t method;
        void *userdata; /* of the method; must live as long as the bus does */
};

/* A connection, as the bus describes it once for all: that does not change, nor is its name used again. */
struct authz_caller {
        unsigned refs;
        char *name, *unit; /* unit: NULL where systemd knows of none */
        uint32_t uid;
        uint32_t *groups;
        size_t n_groups;
        bool has_groups;
};

int authz_new(struct bus *b, const struct bus_options *o, struct authz **ret);
void authz_free(struct authz *a);
DEFINE_FREEP(struct authz, authz_free)

/* On a connection that is new. */
int authz_register(struct authz *a);

/*
 * 1: the caller may, and *ret (which may be NULL) says who it is, until the method returns. 0: that is being
 * asked; the method returns 1, and is called again or the caller is answered. Negative, with error filled
 * in, for the method to return:
 *   RateLimited    too many calls of this connection, of this user or of all wait for an answer
 *   NoSuchDevice   the method was called again, and the device is another one than polkit was asked about,
 *                  or was offered anew meanwhile
 */
int authz_check(struct authz *a, sd_bus_message *call, const struct authz_query *q,
        const struct authz_caller **ret, sd_bus_error *error);

/* A connection has left the bus: nobody waits for its answers any more. */
void authz_caller_gone(struct authz *a, const char *name);

/* The connection to the bus is gone, and with it everybody who waits. */
void authz_forget(struct authz *a);
