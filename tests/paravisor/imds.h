/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What Azure serves beside the machine at 169.254.169.254, on a port of the loopback interface: the
 * certificate of the processor's key (THIM), and quotes for TDREPORTs. One request a connection.
 */
#include <systemd/sd-event.h>

#include "tests/paravisor/vtpm.h"

struct imds;

/* Behaviour, counters and the machine are those of the vTPM. */
int imds_new(sd_event *event, struct vtpm *vtpm, struct imds **ret, struct diag *d);
void imds_free(struct imds *i);
unsigned imds_port(const struct imds *i);

DEFINE_FREEP(struct imds, imds_free)
