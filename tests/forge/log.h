/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Event logs of the firmware. Source: TCG PC Client Platform Firmware Profile 1.05, section 10. */
#include "tests/forge/tpm.h"

#define FORGE_SHA1 0x0004
#define FORGE_SHA384 0x000c

/* A log that is being written, and the registers that it leads to. */
struct forge_log {
        struct forge_bytes bytes;
        size_t n_banks; /* 0: the old format, SHA-1 alone */
        struct forge_pcrs banks[3];
};

/* Crypto-agile with these banks, at most three; none: the old format. */
void forge_log_begin(struct forge_log *l, const uint16_t *hashes, size_t n);

/* Measures data into a register; its digest is that of the data. */
void forge_log_event(struct forge_log *l, unsigned pcr, uint32_t type, const void *data, size_t n);

/* The same, but the event tells `told`, whose digest it is not. */
void forge_log_event_of(struct forge_log *l, unsigned pcr, uint32_t type, const void *data, size_t n,
        const void *told, size_t n_told);

/* EV_NO_ACTION: nothing is extended, but PCR 0 began with this locality. To be said before PCR 0 is
 * extended. */
void forge_log_locality(struct forge_log *l, uint8_t locality);

/* What a firmware measures on an ordinary boot, in all registers 0-7, 9 and 14. */
void forge_log_boot(struct forge_log *l);

void forge_log_done(struct forge_log *l);
