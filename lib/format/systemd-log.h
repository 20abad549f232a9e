/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What systemd measures from user space, as /run/log/systemd/tpm2-measure.log tells it: a sequence of JSON
 * texts (RFC 7464), each one event of the TCG's canonical event log: {"pcr":11,
 * "digests":[{"hashAlg":"sha256","digest":HEX}],"content_type":"systemd","content":{"eventType":"phase",
 * "string":"enter-initrd",...}}. Source: systemd, TPM2_PCR_MEASUREMENTS, and its pcrlock.
 */
#include "lib/base/diag.h"
#include "lib/base/json-scan.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

#define SYSTEMD_LOG_MAX (4 * 1024 * 1024)
#define SYSTEMD_LOG_HASHES_MAX 8

/* Reads one event after the other. Borrows the bytes. */
struct systemd_log {
        struct cursor at;
        unsigned number; /* of the event that comes next, from 0 */
};

struct systemd_log_event {
        unsigned number;
        bool has_pcr;
        unsigned pcr; /* without one it extended an NV index */
        size_t n_digests;
        struct {
                enum pcr_hash hash;
                uint8_t bytes[PCR_SIZE_MAX];
        } digests[SYSTEMD_LOG_HASHES_MAX];
        const char *content_type; /* these three: NULL when the event does not tell */
        const char *type;         /* "phase", "machine-id", "volume-key", ... */
        const char *text;         /* what was measured, except for keys: its hash is the digest */
        struct json_document *document;
};

/* An empty log is -ENODATA. */
int systemd_log_open(const void *bytes, size_t n, struct systemd_log *ret, struct diag *d);

/*
 * 1 with an event, which the caller gives back to systemd_log_event_done(), 0 at the end, -EBADMSG. Members
 * that are not known are fine, and so are digests by hashes that are not: they are left out.
 */
int systemd_log_next(struct systemd_log *log, struct systemd_log_event *ret, struct diag *d);
void systemd_log_event_done(struct systemd_log_event *e);

/* Its digest in that bank, or NULL. */
const uint8_t *systemd_log_digest(const struct systemd_log_event *e, enum pcr_hash bank);

/*
 * Extends the registers, which hold what the firmware's log led to, by all events. On failure they are as
 * they were. -EOPNOTSUPP when an event has no digest in that bank; -EIO when OpenSSL fails.
 */
int systemd_log_replay(const void *bytes, size_t n, struct pcr_bank *bank, struct diag *d);
