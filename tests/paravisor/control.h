/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The socket that tests give their orders over: those of orders.h, and
 *   hold N    holds the Nth TPM command from now on, before it is carried out; the answer, "held", comes
 * then and not before; the hold ends with the connection, or with "go" or "drop" from any state     what
 * happened so far, as JSON: "commands", "nv-reads", "nv-writes", "quotes", "reports" (made), "requests"
 * (over HTTP), "followed" (redirects), "held", "busy" (a command was begun), "input"
 *             (hexadecimal or null) Each is answered with one line:
 * what was asked for, "ok", or "error: WHY".
 */
#include "tests/paravisor/queue.h"

struct control;

int control_new(sd_event *event, struct vtpm *vtpm, struct queue *queue, const char *path,
        struct control **ret, struct diag *d);
void control_free(struct control *c);

DEFINE_FREEP(struct control, control_free)
