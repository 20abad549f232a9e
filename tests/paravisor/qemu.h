/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What QEMU's `-tpmdev emulator` speaks over its chardev: swtpm's control channel, on which it also hands
 * over the descriptor that commands will come through. All but that is swtpm's to answer.
 * Source: swtpm, tpm_ioctl.h; QEMU, backends/tpm/tpm_emulator.c.
 */
#include "tests/paravisor/queue.h"

struct qemu;

int qemu_new(sd_event *event, struct vtpm *vtpm, struct queue *queue, const char *path, struct qemu **ret,
        struct diag *d);
void qemu_free(struct qemu *q);

DEFINE_FREEP(struct qemu, qemu_free)
