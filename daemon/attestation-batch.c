/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From claims to quotes: one report over the bindings of all who share it, then a quote for each, one call
 * of a helper at a time. A decision that is made meanwhile would not be in the claims: whoever is not
 * answered yet starts over.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/attestation-detect.h"
#include "daemon/attestation-private.h"
#include "daemon/attestation-tsm.h"
#include "daemon/claims.h"

#define REPORT_MAX ((size_t)64 * 1024)
#define CERTIFICATE_MAX ((size_t)16 * 1024)
#define CHIP_ID_MAX 64
#define WORD_MAX 64
#define SERVICE "cvmd-attest"

static void report_done(struct report *r) {
        evidence_bytes_done(&r->hcl_report);
        evidence_bytes_done(&r->td_report);
        evidence_bytes_done(&r->ak_certificate);
        evidence_bytes_done(&r->tsm_report);
        evidence_bytes_done(&r->chip.id);
        free(r->chip.product);
        free(r->isolation);
        *r = (struct report){};
}

void batch_free(struct batch_run *b) {
        if (!b)
                return;
        ask_done(&b->ask);
        log_reading_free(b->reading);
        tsm_close(b->attestation);
        report_done(&b->report);
        free(b);
}

static void fail_all(struct batch_run *b, const char *name, const char *text) {
        for (size_t i = 0; i < b->n; i++)
                request_fail_named(b->requests[i], name, text);
        attestation_batch_ended(b->attestation);
}

static void fail_all_with(struct batch_run *b, int r, const struct diag *d) {
        fail_all(b, error_name_in(ERRORS_ATTESTATION, r), d->text[0] ? d->text : errno_text(r));
}

/* -- claims and bindings -- */

static int bind_claims(struct batch_run *b, struct request *q, struct diag *d) {
        const struct claims_caller caller = { .uid = q->uid, .unit = q->unit };
        int r;

        request_forget_attempt(q);
        r = manager_claims(b->attestation->bus->manager, &caller, &q->claims, &q->log_sequence, d);
        if (r < 0)
                return r;
        return binding_compute(q->nonce, q->n_nonce, q->bind, q->n_bind, q->claims, strlen(q->claims),
                &b->bindings[b->n], d);
}

/* The caller's bytes as they are: such a report is for one alone. */
static int take_raw(struct batch_run *b, struct request *q, struct diag *d) {
        request_forget_attempt(q);
        return raw_user_data(q->nonce, q->n_nonce, b->user_data, d);
}

static void take(struct batch_run *b, struct request *q) {
        struct diag d = {};
        int r = b->format == EVIDENCE_CMW ? bind_claims(b, q, &d) : take_raw(b, q, &d);

        if (r < 0) {
                request_fail(q, r, &d);
                return;
        }
        q->stage = REQUEST_SHARING;
        b->requests[b->n++] = q;
}

static enum provider provider_of(const struct attestation *a, const struct request *q) {
        if (q->provider != PROVIDER_UNSET)
                return q->provider;
        return a->providers[PROVIDER_TSM].there && !a->providers[PROVIDER_VTPM].there &&
                        q->format == EVIDENCE_CMW
                ? PROVIDER_TSM
                : PROVIDER_VTPM;
}

static bool can_share(const struct batch_run *b, const struct request *q) {
        return q->stage == REQUEST_WAITING && q->call && b->n < BATCH_MAX && b->format == EVIDENCE_CMW &&
                q->format == EVIDENCE_CMW && q->freshness == b->wanted &&
                provider_of(b->attestation, q) == b->provider;
}

/* -- how far whoever has the turn is -- */

static void finish_if_complete(struct batch_run *b) {
        if (b->endorsed && b->quoted)
                finish_request(b);
}

void batch_endorsed(struct attestation *a) {
        if (!a->batch || a->batch->endorsed) /* what comes late is for the next */
                return;
        a->batch->endorsed = true;
        finish_if_complete(a->batch);
}

void batch_fail_turn_named(struct batch_run *b, const char *name, const char *text) {
        request_fail_named(batch_turn(b), name, text);
        batch_next(b);
}

void batch_fail_turn(struct batch_run *b, int r, const struct diag *d) {
        request_fail(batch_turn(b), r, d);
        batch_next(b);
}

/* Whether q's claims, if it has any, still say what has been decided; if not, it starts over, some times. */
static bool is_up_to_date(const struct batch_run *b, struct request *q) {
        if (!q->claims || manager_log_sequence(b->attestation->bus->manager) == q->log_sequence)
                return true;
        if (++q->attempts >= REQUEST_ATTEMPTS_MAX)
                request_fail(q, -EBUSY,
                        &(struct diag){ "decisions were made again and again while evidence was gathered: "
                                        "try again later" });
        return false;
}

void batch_quoted(struct batch_run *b) {
        if (!is_up_to_date(b, batch_turn(b))) {
                batch_next(b);
                return;
        }
        b->quoted = true;
        finish_if_complete(b);
}

/* -- one after the other -- */

static void begin_turn(struct batch_run *b) {
        while (b->at < b->n && (!batch_turn(b)->call || !is_up_to_date(b, batch_turn(b))))
                b->at++;
        if (b->at == b->n) {
                attestation_batch_ended(b->attestation);
                return;
        }
        b->quoted = b->provider == PROVIDER_TSM; /* its report is all there is */
        if (b->quoted)
                finish_if_complete(b);
        else
                quote_ask(b);
}

void batch_next(struct batch_run *b) {
        b->at++;
        begin_turn(b);
}

/* -- the report -- */

static void ask_report(struct batch_run *b);
static void ask_tsm_report(struct batch_run *b);

/* It is there: what the network adds is asked for while the TPM quotes. */
static void reported(struct batch_run *b) {
        struct attestation *a = b->attestation;

        b->freshness = b->report.fresh ? FRESHNESS_REPORT : FRESHNESS_QUOTE;
        if (b->report.fresh && b->provider == PROVIDER_VTPM)
                a->reported_at = now_usec(CLOCK_MONOTONIC);
        if (b->wanted == FRESHNESS_REPORT && !b->report.fresh) {
                fail_all_with(b, -ESTALE, &(struct diag){ "the vTPM shows an old report again and again" });
                return;
        }
        if (!a->providers[b->provider].there) /* it came since we looked */
                detect_soon(a);
        b->endorsed = false; /* an answer that came late was for another batch */
        endorsing_begin(a, &b->report.chip, &b->report.td_report); /* nothing is quoted yet */
        begin_turn(b);
}

static int read_report(struct batch_run *b, sd_bus_message *m, struct diag *d) {
        static const struct answer_field fields[] = {
                { "hcl-report", "h", offsetof(struct report, hcl_report), REPORT_MAX },
                { "td-report", "h", offsetof(struct report, td_report), REPORT_MAX },
                { "ak-certificate", "h", offsetof(struct report, ak_certificate), CERTIFICATE_MAX },
                { "tsm-report", "h", offsetof(struct report, tsm_report), REPORT_MAX },
                { "chip-id", "ay", offsetof(struct report, chip.id), CHIP_ID_MAX },
                { "reported-tcb", "t", offsetof(struct report, chip.tcb), 0 },
                { "product", "s", offsetof(struct report, chip.product), WORD_MAX },
                { "isolation", "s", offsetof(struct report, isolation), WORD_MAX },
                { "fresh", "b", offsetof(struct report, fresh), 0 },
        };
        int r = answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), &b->report, d);

        if (r < 0)
                return diag_wrap(d, r, SERVICE);
        if ((b->provider == PROVIDER_VTPM ? b->report.hcl_report : b->report.tsm_report).n == 0)
                return diag_fail(d, -EBADMSG, SERVICE " sent no report");
        return 0;
}

/* Both kinds of reports. */
static int on_report(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct batch_run *b = userdata;
        struct ask_failure f = {};
        struct diag d = {};
        int r;

        switch (ask_outcome(&b->ask, m, SERVICE, &f)) {
        case ASK_ANSWERED:
                r = read_report(b, m, &d);
                tsm_close(b->attestation);
                if (r < 0)
                        fail_all_with(b, r, &d);
                else
                        reported(b);
                break;
        case ASK_ENDED:
                tsm_close(b->attestation); /* half used */
                if (b->provider == PROVIDER_TSM)
                        ask_tsm_report(b);
                else
                        ask_report(b);
                break;
        case ASK_FAILED:
                detect_soon(b->attestation);
                fail_all(b, f.name, f.why.text);
                break;
        }
        return 0;
}

static void ask_report(struct batch_run *b) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        struct bus *bus = b->attestation->bus;
        int r = ask_new(bus, ATTEST_NAME, ATTEST_PATH, "Report", &call);

        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', b->user_data, sizeof(b->user_data));
        if (r >= 0)
                r = sd_bus_message_append(call, "a{sv}", 1u, "freshness", "s",
                        freshness_to_string(b->wanted));
        if (r >= 0)
                r = ask_send(bus, &b->ask, call, REPORT_TIMEOUT_USEC, on_report, b);
        if (r < 0)
                fail_all_with(b, r, &(struct diag){});
}

/* The entry is open, or could not be. */
static void on_tsm_open(struct attestation *a, int r, const struct tsm_files *files, const struct diag *d) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        struct batch_run *b = a->batch;

        if (r < 0) {
                fail_all_with(b, r, d);
                return;
        }
        b->report.fresh = true; /* each report of that kind is made when it is read */
        r = ask_new(a->bus, ATTEST_NAME, ATTEST_PATH, "Tsm", &call);
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', b->user_data, sizeof(b->user_data));
        if (r >= 0)
                r = tsm_append_files(call, files);
        if (r >= 0)
                r = ask_send(a->bus, &b->ask, call, REPORT_TIMEOUT_USEC, on_report, b);
        if (r >= 0)
                tsm_handed_on(a);
        else
                fail_all_with(b, r, &(struct diag){});
}

static void ask_tsm_report(struct batch_run *b) {
        struct diag d = {};
        int r = tsm_open(b->attestation, on_tsm_open, &d);

        if (r < 0)
                fail_all_with(b, r, &d);
}

void batch_start(struct attestation *a, struct request *first) {
        struct batch_run *b = calloc(1, sizeof(*b));

        if (!b) {
                request_fail(first, -ENOMEM, &(struct diag){});
                return;
        }
        *b = (struct batch_run){
                .attestation = a,
                .provider = provider_of(a, first),
                .format = first->format,
                .wanted = first->freshness,
        };
        a->batch = b;
        take(b, first);
        for (struct request *q = first->next; q; q = q->next)
                if (can_share(b, q))
                        take(b, q);
        if (b->n == 0 ||
                (b->format == EVIDENCE_CMW && batch_user_data(b->bindings, b->n, b->user_data) < 0)) {
                fail_all_with(b, -EIO, &(struct diag){ "OpenSSL cannot compute SHA-256" });
                return;
        }
        if (b->provider == PROVIDER_TSM)
                ask_tsm_report(b);
        else
                ask_report(b);
}
