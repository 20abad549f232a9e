/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The old format is one event after the other, each with a SHA-1. The crypto-agile one starts with such an
 * event, which says what digests all later ones have.
 */
#include "lib/format/event-log.h"

#include <errno.h>
#include <string.h>

#define SHA1_SIZE 20
#define SPEC_ID "Spec ID Event03"  /* 10.4.5.1, with its NUL */
#define LOCALITY "StartupLocality" /* 10.4.5.3, with its NUL */

/* TCG_PCClientPCREvent (10.2.1). */
static void read_old(struct cursor *c, struct event_log_event *e) {
        uint32_t size;

        e->pcr = cursor_le32(c);
        e->type = cursor_le32(c);
        e->n_digests = 1;
        e->digests[0].algorithm = PCR_SHA1;
        e->digests[0].bytes = span_take(c, SHA1_SIZE);
        size = cursor_le32(c);
        e->data = span_take(c, size);
}

static const struct event_log_hash *find_hash(const struct event_log *log, uint16_t algorithm) {
        for (size_t i = 0; i < log->n_hashes; i++)
                if (log->hashes[i].algorithm == algorithm)
                        return &log->hashes[i];
        return NULL;
}

static bool has_digest(const struct event_log_event *e, uint16_t algorithm) {
        for (size_t i = 0; i < e->n_digests; i++)
                if (e->digests[i].algorithm == algorithm)
                        return true;
        return false;
}

/* TCG_PCR_EVENT2 (10.2.2): one digest for each algorithm that the log announced. */
static int read_agile(struct event_log *log, struct cursor *c, struct event_log_event *e, struct diag *d) {
        uint32_t n, size;

        e->pcr = cursor_le32(c);
        e->type = cursor_le32(c);
        n = cursor_le32(c);
        if (!c->bad && n != log->n_hashes)
                return diag_fail(d, -EBADMSG, "event %u has %u digests, the log announces %zu", log->number,
                        n, log->n_hashes);
        for (; e->n_digests < log->n_hashes && !c->bad; e->n_digests++) {
                const struct event_log_hash *hash;
                uint16_t algorithm;

                algorithm = cursor_le16(c);
                hash = find_hash(log, algorithm);
                if (!c->bad && (!hash || has_digest(e, algorithm)))
                        return diag_fail(d, -EBADMSG, "event %u has a digest by 0x%04x, %s", log->number,
                                algorithm, hash ? "twice" : "which the log does not announce");
                e->digests[e->n_digests].algorithm = algorithm;
                e->digests[e->n_digests].bytes = span_take(c, hash ? hash->size : 0);
        }
        size = cursor_le32(c);
        e->data = span_take(c, size);
        return 0;
}

/* TCG_EfiSpecIDEvent (10.4.5.1) behind its signature. */
static int read_spec_id(struct cursor c, struct event_log *log, struct diag *d) {
        uint32_t n;
        uint8_t n_vendor;

        (void)span_take(&c, 8); /* platform class, version, errata, size of UINTN */
        n = cursor_le32(&c);
        if (!c.bad && (n == 0 || n > EVENT_LOG_HASHES_MAX))
                return diag_fail(d, -EBADMSG, "it announces %u algorithms, 1 to %d are possible", n,
                        EVENT_LOG_HASHES_MAX);
        for (log->n_hashes = 0; log->n_hashes < n && !c.bad; log->n_hashes++) {
                struct event_log_hash hash;

                hash.algorithm = cursor_le16(&c);
                hash.size = cursor_le16(&c);
                if (!c.bad && find_hash(log, hash.algorithm))
                        return diag_fail(d, -EBADMSG, "it announces algorithm 0x%04x twice", hash.algorithm);
                if (!c.bad &&
                        (hash.size == 0 ||
                                (pcr_hash_size(hash.algorithm) > 0 &&
                                        pcr_hash_size(hash.algorithm) != hash.size)))
                        return diag_fail(d, -EBADMSG, "it announces digests of %u bytes by 0x%04x",
                                hash.size, hash.algorithm);
                log->hashes[log->n_hashes] = hash;
        }
        n_vendor = cursor_u8(&c);
        (void)span_take(&c, n_vendor);
        return cursor_finish(&c) ? 0
                                 : diag_fail(d, -EBADMSG, "what it announces does not fill its first event");
}

int event_log_open(const void *bytes, size_t n, struct event_log *ret, struct diag *d) {
        struct event_log log = {
                .at = cursor_over(bytes, n),
                .n_hashes = 1,
                .hashes = { { PCR_SHA1, SHA1_SIZE } },
        };
        struct cursor c = log.at;
        struct event_log_event first = {};
        int r;

        if (n == 0)
                return diag_fail(d, -ENODATA, "event log: empty");
        if (n > EVENT_LOG_MAX)
                return diag_fail(d, -EBADMSG, "event log: %zu bytes, at most %d", n, EVENT_LOG_MAX);
        read_old(&c, &first);
        if (c.bad)
                return diag_fail(d, -EBADMSG, "event log: cut off within its first event");
        if (first.type == EV_NO_ACTION && first.data.n >= sizeof(SPEC_ID) &&
                memcmp(first.data.bytes, SPEC_ID, sizeof(SPEC_ID)) == 0) {
                r = read_spec_id(
                        cursor_over(first.data.bytes + sizeof(SPEC_ID), first.data.n - sizeof(SPEC_ID)),
                        &log, d);
                if (r < 0)
                        return diag_wrap(d, r, "event log");
                log.crypto_agile = true;
        }
        *ret = log;
        return 0;
}

/* Firmware hands over a buffer, and some of it may never have been written. */
static bool only_padding(const struct cursor *c) {
        for (size_t i = 0; i < c->left; i++)
                if (c->at[i] != c->at[0])
                        return false;
        return c->left == 0 || c->at[0] == 0 || c->at[0] == 0xff;
}

int event_log_next(struct event_log *log, struct event_log_event *ret, struct diag *d) {
        struct event_log_event e = { .number = log->number };
        struct cursor c = log->at;
        int r = 0;

        if (only_padding(&c))
                return 0;
        if (log->crypto_agile && log->number > 0)
                r = read_agile(log, &c, &e, d);
        else
                read_old(&c, &e);
        if (r == 0 && c.bad)
                r = diag_fail(d, -EBADMSG, "cut off within event %u", log->number);
        if (r == 0 && e.pcr >= PCR_COUNT && e.type != EV_NO_ACTION)
                r = diag_fail(d, -EBADMSG, "event %u extends register %u, there are %d", log->number, e.pcr,
                        PCR_COUNT);
        if (r < 0)
                return diag_wrap(d, r, "event log");
        log->at = c;
        log->number++;
        *ret = e;
        return 1;
}

struct span event_log_digest(const struct event_log_event *e, enum pcr_hash bank) {
        for (size_t i = 0; i < e->n_digests; i++)
                if (e->digests[i].algorithm == bank)
                        return e->digests[i].bytes;
        return (struct span){};
}

int event_log_locality(const struct event_log_event *e) {
        if (e->type != EV_NO_ACTION || e->pcr != 0 || e->data.n != sizeof(LOCALITY) + 1 ||
                memcmp(e->data.bytes, LOCALITY, sizeof(LOCALITY)) != 0)
                return -ENODATA;
        return e->data.bytes[sizeof(LOCALITY)];
}

/* Register 0 begins with the locality that the TPM was started from (10.4.5.3): only 0, 3 and 4 can. */
static int start_at(struct pcr_bank *bank, int locality, unsigned number, struct diag *d) {
        size_t size = pcr_hash_size(bank->hash);

        if (locality != 0 && locality != 3 && locality != 4)
                return diag_fail(d, -EBADMSG, "event log: event %u: a TPM does not start at locality %d",
                        number, locality);
        if (bank->selected & 1)
                return diag_fail(d, -EBADMSG,
                        "event log: event %u: the startup locality comes after register 0 has a value",
                        number);
        bank->selected |= 1;
        bank->values[0][size - 1] = (uint8_t)locality;
        return 0;
}

static int apply(const struct event_log_event *e, struct pcr_hasher *h, struct pcr_bank *bank,
        struct diag *d) {
        int locality = event_log_locality(e);

        if (locality >= 0)
                return start_at(bank, locality, e->number, d);
        if (e->type == EV_NO_ACTION)
                return 0;
        if (pcr_extend(bank, h, e->pcr, event_log_digest(e, bank->hash).bytes) < 0)
                return diag_fail(d, -EIO, "event log: OpenSSL cannot hash");
        return 0;
}

int event_log_replay(const void *bytes, size_t n, enum pcr_hash bank, struct pcr_bank *ret, struct diag *d) {
        _cleanup_(pcr_hasher_done) struct pcr_hasher hasher = {};
        struct pcr_bank values = { .hash = bank };
        struct event_log_event e;
        struct event_log log;
        int r;

        r = event_log_open(bytes, n, &log, d);
        if (r < 0)
                return r;
        if (!find_hash(&log, (uint16_t)bank))
                return diag_fail(d, -EOPNOTSUPP, "event log: it has no digests by %s",
                        pcr_hash_to_string(bank));
        r = pcr_hasher_init(&hasher, bank);
        if (r < 0)
                return diag_fail(d, r, "event log: OpenSSL cannot hash");
        while ((r = event_log_next(&log, &e, d)) > 0) {
                r = apply(&e, &hasher, &values, d);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        *ret = values;
        return 0;
}
