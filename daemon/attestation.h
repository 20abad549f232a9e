/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * org.cvmd1.Attestation: evidence about this guest for those who may have it. cvmd writes the claims and
 * shares one report among all who ask meanwhile; cvmd-attest has the TPM, cvmd-fetch the network, and what
 * they hand over is passed on unread. Everything here waits for others without keeping the loop waiting.
 */
#include "daemon/bus-private.h"

struct attestation;

int attestation_new(struct bus *b, const struct bus_options *o, struct attestation **ret);
void attestation_free(struct attestation *a);
DEFINE_FREEP(struct attestation, attestation_free)

/* On a connection that is new: the interface, and looking for what can attest. */
int attestation_register(struct attestation *a);

/* One that waits has left the bus. */
void attestation_caller_gone(struct attestation *a, const char *name);

/* The connection is gone, and with it those who wait. */
void attestation_forget(struct attestation *a);
