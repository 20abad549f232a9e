/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the TPM adds to a report for one who shares it: a quote, and for Azure a key for its answer. */
#include <errno.h>

#include "daemon/attestation-private.h"

#define SERVICE "cvmd-attest"
#define QUOTE_MAX ((size_t)64 * 1024)

static void ask_maa_key(struct batch_run *b);

static int on_maa_key(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const struct answer_field fields[] = {
                { "public", "ay", offsetof(struct request_quote, key), QUOTE_MAX },
                { "certify-info", "ay", offsetof(struct request_quote, key_info), QUOTE_MAX },
                { "certify-signature", "ay", offsetof(struct request_quote, key_signature), QUOTE_MAX },
                { "ak-public", "ay", offsetof(struct request_quote, ak_public), QUOTE_MAX },
        };
        struct batch_run *b = userdata;
        struct ask_failure f = {};
        struct diag d = {};
        int r;

        switch (ask_outcome(&b->ask, m, SERVICE, &f)) {
        case ASK_ANSWERED:
                r = answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), &batch_turn(b)->quote, &d);
                if (r < 0)
                        batch_fail_turn(b, r, &d);
                else
                        batch_quoted(b);
                break;
        case ASK_ENDED:
                ask_maa_key(b);
                break;
        case ASK_FAILED:
                batch_fail_turn_named(b, f.name, f.why.text);
                break;
        }
        return 0;
}

static int append_pcrs(sd_bus_message *call, const struct request *q) {
        char pcrs[PCR_SELECTION_TEXT_SIZE];

        pcr_selection_format(q->pcrs, pcrs);
        return sd_bus_message_append(call, "s", pcrs);
}

static void ask_maa_key(struct batch_run *b) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        struct bus *bus = b->attestation->bus;
        int r = ask_new(bus, ATTEST_NAME, ATTEST_PATH, "MaaKey", &call);

        if (r >= 0)
                r = append_pcrs(call, batch_turn(b));
        if (r >= 0)
                r = ask_send(bus, &b->ask, call, QUOTE_TIMEOUT_USEC, on_maa_key, b);
        if (r < 0)
                batch_fail_turn(b, r, &(struct diag){});
}

static int on_quote(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const struct answer_field fields[] = {
                { "tpm-quote", "h", offsetof(struct request_quote, record), QUOTE_MAX },
                { "message", "ay", offsetof(struct request_quote, message), QUOTE_MAX },
                { "signature", "ay", offsetof(struct request_quote, signature), QUOTE_MAX },
                { "pcr-values", "aay", offsetof(struct request_quote, pcrs), 0 },
        };
        struct batch_run *b = userdata;
        struct ask_failure f = {};
        struct diag d = {};
        int r;

        switch (ask_outcome(&b->ask, m, SERVICE, &f)) {
        case ASK_ANSWERED:
                r = answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), &batch_turn(b)->quote, &d);
                if (r >= 0 && batch_turn(b)->quote.record.n == 0)
                        r = diag_fail(&d, -EBADMSG, SERVICE " sent no quote");
                if (r < 0)
                        batch_fail_turn(b, r, &d);
                else if (b->format == EVIDENCE_MAA)
                        ask_maa_key(b);
                else
                        batch_quoted(b);
                break;
        case ASK_ENDED:
                quote_ask(b);
                break;
        case ASK_FAILED:
                batch_fail_turn_named(b, f.name, f.why.text);
                break;
        }
        return 0;
}

/* The binding; of formats with a nonce of their own, what their verifiers expect there. */
static int append_qualifying_data(sd_bus_message *call, const struct batch_run *b, const struct request *q) {
        switch (b->format) {
        case EVIDENCE_TRUSTEE:
                return sd_bus_message_append_array(call, 'y', q->nonce, q->n_nonce);
        case EVIDENCE_MAA:
                return sd_bus_message_append_array(call, 'y', NULL, 0);
        case EVIDENCE_CMW:
        case _EVIDENCE_FORMAT_MAX:
                break;
        }
        return sd_bus_message_append_array(call, 'y', b->bindings[b->at].bytes, SHA256_SIZE);
}

void quote_ask(struct batch_run *b) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        struct bus *bus = b->attestation->bus;
        struct request *q = batch_turn(b);
        int r = ask_new(bus, ATTEST_NAME, ATTEST_PATH, "Quote", &call);

        if (r >= 0)
                r = append_qualifying_data(call, b, q);
        if (r >= 0)
                r = append_pcrs(call, q);
        if (r >= 0)
                r = sd_bus_message_append(call, "sa{sv}", "sha256", 0u);
        if (r >= 0)
                r = ask_send(bus, &b->ask, call, QUOTE_TIMEOUT_USEC, on_quote, b);
        if (r < 0)
                batch_fail_turn(b, r, &(struct diag){});
}
