/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One unit of systemd's, over D-Bus: its state as it changes, and asking for a change. Nothing waits. */
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/base/cleanup.h"

enum unit_state {
        UNIT_UNKNOWN, /* systemd cannot be asked */
        UNIT_INACTIVE,
        UNIT_CHANGING, /* on its way to one of the others */
        UNIT_ACTIVE,
};

enum systemd_request { SYSTEMD_START, SYSTEMD_STOP };

struct systemd_link;

/* Called whenever the state was read, also when it is as before, and with UNKNOWN when the link is lost. */
typedef void (*systemd_state_handler)(enum unit_state state, void *data);

/* r: 0, or a negative errno, and why. Not called for a request whose link is lost. */
typedef void (*systemd_answer_handler)(int r, const char *why, void *data);

/*
 * address: the bus on which systemd is; NULL: systemd's private socket, or the system bus where there is
 * none. A link that cannot be had or is lost is tried again, without end.
 */
int systemd_link_new(const char *address, const char *unit, sd_event *event, systemd_state_handler handler,
        void *data, struct systemd_link **ret);
void systemd_link_free(struct systemd_link *l);
DEFINE_FREEP(struct systemd_link, systemd_link_free)

/* Reads the state anew; nothing while there is no link. */
void systemd_link_look(struct systemd_link *l);

/*
 * A start never replaces another job (one that isolates or shuts down goes on), a stop does. -ENOTCONN while
 * there is no link.
 */
int systemd_link_request(struct systemd_link *l, enum systemd_request what, systemd_answer_handler handler,
        void *data);
