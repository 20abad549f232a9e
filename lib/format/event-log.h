/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The firmware's event log, as the kernel shows it in binary_bios_measurements: crypto-agile or SHA-1 alone.
 * Source: TCG PC Client Platform Firmware Profile 1.05, section 10. Little-endian.
 */
#include <stdbool.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

#define EVENT_LOG_MAX (4 * 1024 * 1024)
#define EVENT_LOG_HASHES_MAX 8
#define EV_NO_ACTION 3

struct event_log_hash {
        uint16_t algorithm;
        uint16_t size;
};

/* Reads one event after the other. Borrows the bytes. */
struct event_log {
        struct cursor at;
        size_t n_hashes; /* those the log says it has; 1 (SHA-1) for the old format */
        struct event_log_hash hashes[EVENT_LOG_HASHES_MAX];
        bool crypto_agile;
        unsigned number; /* of the event that comes next, from 0 */
};

struct event_log_event {
        unsigned number;
        uint32_t pcr, type;
        size_t n_digests;
        struct {
                uint16_t algorithm;
                struct span bytes;
        } digests[EVENT_LOG_HASHES_MAX];
        struct span data;
};

/* An empty log is -ENODATA: it says nothing, which is not the same as nothing having been measured. */
int event_log_open(const void *bytes, size_t n, struct event_log *ret, struct diag *d);

/*
 * 1 with an event, 0 at the end, -EBADMSG. The first event of a crypto-agile log has a SHA-1 alone, all
 * others one digest in each bank. A log may be padded with bytes 0xff or 0 at its end.
 */
int event_log_next(struct event_log *log, struct event_log_event *ret, struct diag *d);

/* Its digest in that bank; NULL bytes when it has none. */
struct span event_log_digest(const struct event_log_event *e, enum pcr_hash bank);

/* The startup locality that the event tells, or -ENODATA for one that tells none. */
int event_log_locality(const struct event_log_event *e);

const char *event_type_to_string(uint32_t type); /* "EV_SEPARATOR"; NULL for one that is not known */

/*
 * The values that a bank has after all events: selected says which registers the log extends. The startup
 * locality is applied; one that comes too late or twice is -EBADMSG. -EOPNOTSUPP when the log has no such
 * bank; -EIO when OpenSSL fails.
 */
int event_log_replay(const void *bytes, size_t n, enum pcr_hash bank, struct pcr_bank *ret, struct diag *d);
