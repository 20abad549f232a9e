/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The TPM behind the paravisor: a swtpm of its own, with its state in a temporary folder, over two socket
 * pairs that nobody else has.
 */
#include <sys/types.h>

#include "lib/base/diag.h"
#include "tests/paravisor/message.h"

struct swtpm {
        pid_t pid;
        int data;    /* commands, one at a time */
        int control; /* of the protocol of swtpm_ioctls(3) */
        char folder[64];
};

#define SWTPM_NONE ((struct swtpm){ .data = -1, .control = -1 })

/* Started up and ready for commands. */
int swtpm_start(struct swtpm *ret, struct diag *d);

/* Ends it and removes its folder. */
void swtpm_stop(struct swtpm *t);

/* One command and its response; waits for it. -EBADMSG for what is no response. */
int swtpm_transfer(struct swtpm *t, const void *command, size_t n, struct message *ret, struct diag *d);

/* One request to the control channel and the answer to it. */
int swtpm_control(struct swtpm *t, const void *request, size_t n, struct message *ret, struct diag *d);
