/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who speaks to the TPM: any number of connections, and one command at a time, in the order in which they
 * came. As behind /dev/tpmrm0, what a connection loaded or opened in the TPM goes with it, and who finds no
 * room in the TPM waits; a command that was begun is carried out even if nobody waits for its answer.
 */
#include <systemd/sd-event.h>

#include "tests/paravisor/vtpm.h"

enum framing {
        FRAMING_NONE = 1, /* commands and responses alone: QEMU, whose guest has a resource manager */
        FRAMING_MSSIM,    /* of the TCTI "mssim": Microsoft's simulator, TpmTcpProtocol.h */
        FRAMING_PLATFORM, /* its second port: power and such, always granted */
};

struct queue;

int queue_new(sd_event *event, struct vtpm *vtpm, struct queue **ret);
void queue_free(struct queue *q);

/* Takes fd over, which must not block. */
int queue_add(struct queue *q, int fd, enum framing framing);

/* To be called when the clock was put forward. */
void queue_run(struct queue *q);

/*
 * The nth command from now on is held before it is carried out, and all behind it; held() is called then.
 * queue_release() carries on: with the command, or without it as if it had never come. One hold at a time:
 * -EBUSY.
 */
int queue_hold(struct queue *q, unsigned nth, void (*held)(void *userdata), void *userdata);
void queue_release(struct queue *q, bool execute);

/* Ends the hold that was begun with this userdata, if it is not over yet; the command is carried out. */
void queue_end_hold(struct queue *q, const void *userdata);
bool queue_is_held(const struct queue *q);

/* A command was begun: one that is slow, or held. */
bool queue_is_busy(const struct queue *q);

DEFINE_FREEP(struct queue, queue_free)
