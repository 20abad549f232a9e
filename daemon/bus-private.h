/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What bus.c, manager-bus.c and device-bus.c know of each other. */
#include <systemd/sd-bus.h>

#include "daemon/bus.h"
#include "lib/base/device-path.h"

#define MANAGER_PATH "/org/cvmd1"
#define MANAGER_INTERFACE "org.cvmd1.Manager"
#define DEVICE_INTERFACE "org.cvmd1.Device"

/* A caller of Block, Allow, Forget or Confirm, who is answered when the device has come to rest. */
struct waiting_call {
        sd_bus_message *call;
        struct guid instance;
        enum by_hand what;
        bool writing;           /* and before that, when the disk has it */
        struct guid *confirmed; /* of Confirm: all that it confirmed; NULL for the others */
        size_t n_confirmed;
        bool trial; /* of StartTrial or ConfirmTrial: no device is waited for */
        struct waiting_call *next;
};

struct helper_call;

struct bus {
        char *address;
        sd_event *event;
        struct manager *manager;
        sd_bus *bus; /* NULL between two connections */
        bool named;  /* the name is ours, or we queue for it */
        sd_event_source *reconnect;
        struct manager_observer observer;
        struct waiting_call *waiting;
        struct helper_call *recording; /* the one for whom a helper records; NULL: none does */
        struct helper_call *proposal;  /* likewise, the one who asks about a policy */
        struct attestation *attestation;
        struct authz *authz;
};

/* Whether somebody can hear a signal now; before that there is nobody to tell. */
bool bus_is_ready(const struct bus *b);

int manager_bus_register(struct bus *b);
void manager_bus_replaced(struct bus *b, const struct picture *before, const struct picture *after);
void manager_bus_decided(struct bus *b, const struct picture *p, size_t i);
void manager_bus_tried(struct bus *b, const struct picture *p, size_t i);
void manager_bus_rebound(struct bus *b, const struct device *d, unsigned times);

/* Methods, as sd-bus calls them; of decide_bus_call() `method` is the one that it is called from. */
int decide_bus_call(sd_bus_message *call, struct bus *b, enum by_hand what, sd_bus_message_handler_t method,
        sd_bus_error *error);
int confirm_bus_call(sd_bus_message *call, void *bus, sd_bus_error *error);

/* boots: 0 confirms. */
int trial_bus_call(sd_bus_message *call, struct bus *b, uint32_t boots, sd_bus_error *error);

/* What the disk has, or what went wrong with that: for those who wait for it. */
void decide_bus_written(struct bus *b, int r, const struct diag *d);

/* Answers those whose devices have come to rest in p; with p NULL, forgets them all. */
void decide_bus_answer(struct bus *b, const struct picture *p);

int snapshot_bus_call(sd_bus_message *call, void *bus, sd_bus_error *error);

/* A policy that is not in force: Evaluate and Try, both answered from a helper that reads it. */
int policy_bus_evaluate(sd_bus_message *call, void *bus, sd_bus_error *error);
int policy_bus_try(sd_bus_message *call, void *bus, sd_bus_error *error);

int device_bus_register(struct bus *b);
void device_bus_replaced(struct bus *b, const struct picture *before, const struct picture *after);
