/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A quote as azure-cvm-tooling's az-cvm-vtpm serialises it: signature and message, each with its length in
 * front (u64), then the number of registers (u64) and their values of SHA-256. Little-endian. Source:
 * bincode 1, struct Quote.
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

struct az_quote {
        struct span signature, message; /* of an RSA key, without a head; TPMS_ATTEST */
        struct pcr_bank pcrs;           /* 24 values */
};

/* Borrows exactly one. -EBADMSG. */
int az_quote_parse(const void *bytes, size_t n, struct az_quote *ret, struct diag *d);

/* Whether it parses. */
bool az_quote_is(const void *bytes, size_t n);
