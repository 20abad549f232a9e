/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a request: logs are read after the quote, so that they have at least what it covers, and in
 * pieces when nothing else is to be done, for they can be long. Then all becomes one document.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/attestation-private.h"
#include "lib/base/sealed.h"
#include "lib/evidence/bundle.h"

#define PIECE_SIZE ((size_t)128 * 1024)

struct log_reading {
        struct batch_run *batch;
        enum evidence_log log;
        int fd;
        struct evidence_bytes bytes;
        sd_event_source *more;
};

void log_reading_free(struct log_reading *l) {
        if (!l)
                return;
        sd_event_source_unref(l->more);
        closep(&l->fd);
        evidence_bytes_done(&l->bytes);
        free(l);
}

/* -- the document -- */

static struct span text_span(const char *text) {
        return (struct span){ (const uint8_t *)text, strlen(text) };
}

static int make_bundle(const struct batch_run *b, const struct request *q, char **ret, size_t *ret_size,
        struct diag *d) {
        struct batch record = {
                .n_nonce = q->n_nonce,
                .n_bind = q->n_bind,
                .index = b->at,
                .n_bindings = b->n,
                .freshness = b->freshness,
        };
        _cleanup_(freep) char *text = NULL;
        struct bundle bundle = {};
        int r;

        memcpy(record.nonce, q->nonce, q->n_nonce);
        memcpy(record.bind, q->bind, q->n_bind);
        memcpy(record.bindings, b->bindings, b->n * sizeof(b->bindings[0]));
        r = batch_format(&record, &text);
        if (r < 0)
                return r;
        bundle.records[BUNDLE_CLAIMS] = text_span(q->claims);
        bundle.records[BUNDLE_BATCH] = text_span(text);
        bundle.records[BUNDLE_HCL_REPORT] = evidence_span(&b->report.hcl_report);
        bundle.records[BUNDLE_TPM_QUOTE] = evidence_span(&q->quote.record);
        bundle.records[BUNDLE_AK_CERTIFICATE] = evidence_span(&b->report.ak_certificate);
        bundle.records[BUNDLE_TSM_REPORT] = evidence_span(&b->report.tsm_report);
        bundle.records[BUNDLE_SNP_VEK_CHAIN] = endorsing_vek_chain(b->attestation);
        bundle.records[BUNDLE_TD_QUOTE] = endorsing_td_quote(b->attestation);
        for (enum evidence_log l = 0; l < _EVIDENCE_LOG_MAX; l++)
                bundle.records[evidence_log_record(l)] = evidence_span(&q->log_bytes[l]);
        return bundle_format(&bundle, ret, ret_size, d);
}

/* Values came in ascending order: each to the register that it is of. */
static int place_pcrs(const struct request *q, struct pcr_bank *ret, struct diag *d) {
        unsigned n = 0;

        *ret = (struct pcr_bank){ .hash = PCR_SHA256, .selected = q->pcrs };
        for (unsigned i = 0; i < PCR_COUNT; i++)
                if (q->pcrs & UINT32_C(1) << i)
                        memcpy(ret->values[i], q->quote.pcrs.values[n++], PCR_SIZE_MAX);
        if (q->quote.pcrs.selected != (UINT32_C(1) << n) - 1)
                return diag_fail(d, -EBADMSG, "cvmd-attest sent other registers than %u", n);
        return 0;
}

static int make_export(const struct batch_run *b, const struct request *q, char **ret, size_t *ret_size,
        struct diag *d) {
        struct pcr_bank pcrs;
        const struct export_parts parts = {
                .nonce = { q->nonce, q->n_nonce },
                .hcl_report = evidence_span(&b->report.hcl_report),
                .isolation = b->report.isolation,
                .ak_certificate = evidence_span(&b->report.ak_certificate),
                .message = evidence_span(&q->quote.message),
                .signature = evidence_span(&q->quote.signature),
                .pcrs = &pcrs,
                .key = evidence_span(&q->quote.key),
                .key_info = evidence_span(&q->quote.key_info),
                .key_signature = evidence_span(&q->quote.key_signature),
                .ak_public = evidence_span(&q->quote.ak_public),
                .firmware_log = evidence_span(&q->log_bytes[EVIDENCE_LOG_FIRMWARE]),
                .vek_chain = endorsing_vek_chain(b->attestation),
                .vek = endorsing_vek(b->attestation),
                .td_quote = endorsing_td_quote(b->attestation),
                .missing = endorsing_trouble(b->attestation),
        };
        int r = place_pcrs(q, &pcrs, d);

        if (r >= 0)
                r = q->format == EVIDENCE_TRUSTEE ? export_trustee(&parts, ret, d)
                                                  : export_maa(&parts, ret, d);
        if (r >= 0)
                *ret_size = strlen(*ret);
        return r;
}

static void answer(struct batch_run *b) {
        struct request *q = b->requests[b->at];
        _cleanup_(freep) char *text = NULL;
        _cleanup_(closep) int memory = -1;
        struct diag d = {};
        size_t n = 0;
        int r;

        r = q->format == EVIDENCE_CMW ? make_bundle(b, q, &text, &n, &d) : make_export(b, q, &text, &n, &d);
        if (r >= 0)
                r = sealed_new("cvmd-evidence", text, n, &memory);
        if (r < 0)
                request_fail(q, r, &d);
        else
                request_answer(q, memory);
        request_forget_attempt(q);
        batch_next(b);
}

/* -- the logs -- */

static void read_log(struct batch_run *b, unsigned from);

static bool is_wanted(const struct request *q, enum evidence_log l) {
        return q->logs & 1u << l;
}

/* One log is read, or cannot be. */
static void log_ended(struct log_reading *l, int r) {
        struct batch_run *b = l->batch;
        struct request *q = b->requests[b->at];
        enum evidence_log log = l->log;
        struct diag d = {};

        if (r >= 0 && l->bytes.n == 0)
                r = -ENOENT; /* there in name only: no TPM, or no measurements */
        if (r >= 0) {
                q->log_bytes[log] = l->bytes;
                l->bytes = (struct evidence_bytes){};
        }
        b->reading = NULL;
        log_reading_free(l);
        if (r >= 0 || ((r == -ENOENT || r == -ENOTDIR) && q->logs_if_there)) {
                read_log(b, log + 1);
                return;
        }
        if (r == -EFBIG)
                (void)diag_fail(&d, r, "the log %s has more than %zu bytes: ask for evidence without it",
                        evidence_log_to_string(log), evidence_log_max(log));
        else
                (void)diag_fail(&d, r, "no log %s: /%s: %s", evidence_log_to_string(log),
                        evidence_log_path(log), errno_text(r));
        request_fail(q, r == -ENOENT || r == -ENOTDIR ? -ENODATA : r, &d);
        batch_next(b);
}

/* A piece more: 1, 0 at the end. */
static int read_piece(struct log_reading *l) {
        size_t max = evidence_log_max(l->log), wanted = PIECE_SIZE;
        uint8_t *more = realloc(l->bytes.bytes, l->bytes.n + wanted);
        ssize_t n;

        if (!more)
                return -ENOMEM;
        l->bytes.bytes = more;
        while (wanted > 0) {
                n = read(l->fd, l->bytes.bytes + l->bytes.n, wanted);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                l->bytes.n += (size_t)n;
                wanted -= (size_t)n;
                if (l->bytes.n > max)
                        return -EFBIG;
        }
        return 1;
}

static int on_more(sd_event_source *source, void *userdata) {
        struct log_reading *l = userdata;
        int r = l->batch->requests[l->batch->at]->call ? read_piece(l) : -ECANCELED;

        if (r <= 0)
                log_ended(l, r);
        return 0;
}

static int begin_log(struct batch_run *b, enum evidence_log log) {
        struct log_reading *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (struct log_reading){ .batch = b, .log = log };
        b->reading = l;
        l->fd = sysroot_open(b->attestation->root, evidence_log_path(log), O_RDONLY);
        r = l->fd < 0 ? l->fd : sd_event_add_defer(b->attestation->bus->event, &l->more, on_more, l);
        if (r >= 0)
                r = sd_event_source_set_priority(l->more, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(l->more, SD_EVENT_ON);
        return r;
}

/* The next log that is wanted, from this one on; then the answer. */
static void read_log(struct batch_run *b, unsigned from) {
        struct request *q = b->requests[b->at];
        int r;

        while (from < _EVIDENCE_LOG_MAX && !is_wanted(q, (enum evidence_log)from))
                from++;
        if (from == _EVIDENCE_LOG_MAX) {
                answer(b);
                return;
        }
        r = begin_log(b, (enum evidence_log)from);
        if (r < 0 && b->reading)
                log_ended(b->reading, r);
        else if (r < 0) {
                request_fail(q, r, &(struct diag){});
                batch_next(b);
        }
}

void finish_request(struct batch_run *b) {
        read_log(b, 0);
}
