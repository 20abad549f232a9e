/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * cvmd-compliant.target: reached while the guest is compliant, through systemd's D-Bus interface. Services
 * that hold secrets are bound to it.
 *
 * A file in the state folder says first what systemd is then asked for, and the target asserts it: so that
 * nobody else can start the target, and no dependency pulls it in, while the guest is not compliant.
 */
#include <systemd/sd-event.h>

#include "daemon/manager.h"

#define TARGET_UNIT "cvmd-compliant.target"
#define TARGET_FILE "compliant"

struct target;

/*
 * Observes the manager, which is borrowed as state is, from its first picture on. address: a bus on which
 * systemd is asked for; NULL: that of this machine, by its private socket, for there may be no bus yet.
 * That it cannot be reached is no failure.
 */
int target_new(const char *address, const struct state *state, sd_event *event, struct manager *m,
        struct target **ret, struct diag *d);

/* The target stays as it is: systemd stops it with cvmd. */
void target_free(struct target *t);
DEFINE_FREEP(struct target, target_free)
