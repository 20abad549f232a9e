/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this guest can attest with, as cvmd-attest finds out, and why it cannot with the rest. */
#include "daemon/attestation-private.h"

/* Looks again, unless it does already or did so a moment ago. Observers of the property are told. */
void detect_soon(struct attestation *a);

/* The same while nothing is there: a TPM and its driver may come late. */
void detect_unless_there(struct attestation *a);

/* As detect_soon(); call is answered with all providers, "a(sbs)", when that is done. */
int detect_describe(struct attestation *a, sd_bus_message *call);

/* The connection is gone, and those who wait with it. */
void detect_forget(struct attestation *a);

/* "a(sbs)": each provider, whether it is there, and why (not). */
int detect_append_details(const struct attestation *a, sd_bus_message *reply);

/* The property: the names of those that are there. */
int detect_append_names(const struct attestation *a, sd_bus_message *reply);
