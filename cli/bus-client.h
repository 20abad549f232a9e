/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Talking to cvmd over D-Bus; units/org.cvmd1.*.xml is the contract. */
#include <systemd/sd-bus.h>

#include "cli/context.h"
#include "lib/base/device-path.h"

#define CVMD_NAME "org.cvmd1"
#define CVMD_PATH "/org/cvmd1"
#define CVMD_MANAGER "org.cvmd1.Manager"
#define CVMD_ATTESTATION "org.cvmd1.Attestation"
#define CVMD_DEVICE "org.cvmd1.Device"

static inline void bus_closep(sd_bus **b) {
        sd_bus_flush_close_unref(*b);
}

static inline void messagep(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

/*
 * The system bus, or that of --bus. -ENOTCONN with a hint when there is none. On a terminal, polkit may ask
 * for a password in what is called from then on.
 */
int client_open(struct context *x, sd_bus **ret);

/* Calls a method of cvmd and waits. types and what follows: as sd_bus_call_method(). ret_reply may be NULL.
 */
int client_call(struct context *x, sd_bus *bus, const char *path, const char *interface, const char *method,
        sd_bus_message **ret_reply, const char *types, ...);

/* The same in two steps, for arguments that no list of types says: a method of CVMD_PATH. The caller
 * appends them. */
int client_prepare(sd_bus *bus, const char *interface, const char *method, sd_bus_message **ret);
int client_send(struct context *x, sd_bus *bus, sd_bus_message *call, sd_bus_message **ret_reply);

/* The same for what can take longer than sd-bus waits (0: as long as that). */
int client_send_patiently(struct context *x, sd_bus *bus, sd_bus_message *call, uint64_t timeout_usec,
        sd_bus_message **ret_reply);

/* The object of a device, as cvmd named it. */
int client_device_path(struct context *x, const char *instance, char ret[DEVICE_PATH_SIZE]);

/* r, from reading a reply: what cvmd said is not what the contract says. */
int client_bad_reply(struct context *x, int r, const char *what);
