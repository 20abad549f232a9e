/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, and formats that hold others. */
#include "cli/inspect.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json-build.h"
#include "lib/base/json-record.h"
#include "lib/base/name-table.h"
#include "lib/evidence/tsm.h"
#include "lib/format/az-quote.h"
#include "lib/format/bundle-record.h"
#include "lib/format/cmw.h"
#include "lib/format/detect.h"
#include "lib/format/tpm-quote.h"
#include "lib/format/trustee.h"

static int inspect_json(struct inspection *i, const char *name, const char *vouched, struct span bytes,
        struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        int r = json_record_parse(bytes.bytes, bytes.n, name, &document, d);

        if (r < 0)
                return r;
        inspection_part(i, name, "%s", vouched);
        inspect_members(i, document->root, NULL, 0);
        return 0;
}

int inspect_tpm_quote(struct inspection *i, struct span bytes, struct diag *d) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        int r = tpm_quote_parse(bytes.bytes, bytes.n, &q, d);

        if (r == 0)
                r = inspect_quote(i, (struct span){ q.attest, q.n_attest },
                        (struct span){ q.signature, q.n_signature }, false, &q.pcrs, d);
        if (r == 0 && q.n_ak_public > 0)
                r = inspect_tpm_public(i, (struct span){ q.ak_public, q.n_ak_public }, d);
        return r;
}

int inspect_az_quote(struct inspection *i, struct span bytes, struct diag *d) {
        struct az_quote q;
        int r = az_quote_parse(bytes.bytes, bytes.n, &q, d);

        return r < 0 ? r : inspect_quote(i, q.message, q.signature, true, &q.pcrs, d);
}

int inspect_trustee(struct inspection *i, struct span bytes, struct diag *d) {
        _cleanup_(trustee_evidence_done) struct trustee_evidence t = {};
        int r = trustee_evidence_parse((const char *)bytes.bytes, bytes.n, &t, d);

        if (r < 0)
                return r;
        inspection_part(i, "trustee", "nothing: it only holds what follows");
        inspection_number(i, "version", t.version);
        inspection_text(i, "attester", "%s", t.td_quote ? "az-tdx-vtpm" : "az-snp-vtpm");
        r = inspect_hcl_report(i, (struct span){ t.hcl_report, t.n_hcl_report }, d);
        if (r == 0)
                r = inspect_quote(i, (struct span){ t.message, t.n_message },
                        (struct span){ t.signature, t.n_signature }, true, &t.pcrs, d);
        if (r == 0)
                r = t.td_quote ? inspect_td_quote(i, (struct span){ t.td_quote, t.n_td_quote }, d)
                               : inspect_certificate(i, (struct span){ t.vek, t.n_vek }, d);
        return r;
}

/* {"vcekCert":PEM,"certificateChain":PEM,"tcbm":HEX,"cacheControl":SECONDS} */
int inspect_thim(struct inspection *i, struct span bytes, struct diag *d) {
        static const char *const certificates[] = { "vcekCert", "certificateChain" };
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        int r = json_record_parse(bytes.bytes, bytes.n, "THIM answer", &document, d);

        if (r < 0)
                return r;
        inspection_part(i, "thim", "nothing: a hint; only the certificates are signed");
        inspect_members(i, document->root, certificates, N_NAMES(certificates));
        for (size_t c = 0; c < N_NAMES(certificates); c++) {
                const struct json_node *text;

                r = json_record_member(document->root, certificates[c], JSON_STRING, &text, d);
                if (r == 0)
                        r = inspect_pem(i,
                                (struct span){ (const uint8_t *)text->string, strlen(text->string) }, d);
                if (r < 0)
                        return diag_wrap(d, r, "THIM answer");
        }
        return 0;
}

/* What the kernel hands out is a report or a quote, and what vouches for it beside it. */
static int inspect_tsm_report(struct inspection *i, struct span bytes, struct diag *d) {
        _cleanup_(tsm_report_done) struct tsm_report t = {};
        struct span report;
        int r = tsm_report_parse(bytes.bytes, bytes.n, &t, d);

        if (r < 0)
                return r;
        report = (struct span){ t.outblob, t.n_outblob };
        inspection_part(i, "tsm-report", "nothing: it only holds what follows");
        inspection_text(i, "provider", "%s", t.provider);
        inspection_number(i, "generation", t.generation);
        inspection_hex(i, "inblob", t.inblob, t.n_inblob);
        if (t.n_auxblob > 0)
                inspection_hex(i, "auxblob", t.auxblob, t.n_auxblob);
        if (t.n_manifestblob > 0)
                inspection_hex(i, "manifestblob", t.manifestblob, t.n_manifestblob);
        if (detect(report.bytes, report.n) == CONTENT_SNP_REPORT)
                return inspect_snp_report(i, report, d);
        if (detect(report.bytes, report.n) == CONTENT_TD_QUOTE)
                return inspect_td_quote(i, report, d);
        inspection_hex(i, "outblob", report.bytes, report.n);
        return 0;
}

static int inspect_record(struct inspection *i, enum bundle_record which, struct span bytes,
        struct diag *d) {
        switch (which) {
        case BUNDLE_CLAIMS:
                return inspect_json(i, "claims",
                        "the binding that the quote's qualifying data is: their hash is in it", bytes, d);
        case BUNDLE_BATCH:
                return inspect_json(i, "batch", "user-data of the runtime-claims: the hash of the bindings",
                        bytes, d);
        case BUNDLE_HCL_REPORT:
                return inspect_hcl_report(i, bytes, d);
        case BUNDLE_TPM_QUOTE:
                return inspect_tpm_quote(i, bytes, d);
        case BUNDLE_TPM_EVENT_LOG:
                return inspect_event_log(i, bytes, d);
        case BUNDLE_SYSTEMD_LOG:
                return inspect_systemd_log(i, bytes, d);
        case BUNDLE_IMA_LOG:
                return inspect_ima_log(i, bytes, d);
        case BUNDLE_AK_CERTIFICATE:
                return inspect_certificate(i, bytes, d);
        case BUNDLE_SNP_VEK_CHAIN:
                return inspect_pem(i, bytes, d);
        case BUNDLE_TD_QUOTE:
                return inspect_td_quote(i, bytes, d);
        case BUNDLE_TSM_REPORT:
                return inspect_tsm_report(i, bytes, d);
        case _BUNDLE_RECORD_MAX:
                break;
        }
        return -EBADMSG;
}

/* A record that cannot be read does not hide the others. */
static void add_record(struct inspection *i, const struct cmw_record *record) {
        struct diag d = {};
        int which = bundle_record_find(record->name), r;

        i->record = record->name;
        if (which < 0) {
                inspection_part(i, "record", "nothing that is known here");
                inspection_text(i, "media-type", "%s", record->media_type);
                inspection_number(i, "size", record->content.n);
        } else {
                r = inspect_record(i, (enum bundle_record)which, record->content, &d);
                if (r < 0) {
                        inspection_part(i, "record", "nothing");
                        inspection_problem(i, d.text);
                }
        }
        i->record = NULL;
}

int inspect_bundle(struct inspection *i, struct span bytes, struct diag *d) {
        _cleanup_(cmw_done) struct cmw c = {};
        int r = cmw_parse((const char *)bytes.bytes, bytes.n, &c, d);

        if (r < 0)
                return r;
        inspection_part(i, "bundle", "nothing: it only holds what follows");
        inspection_text(i, "type", "%s", c.collection_type ?: "none");
        for (size_t n = 0; n < c.n_records; n++) {
                const struct cmw_record *record = &c.records[n];
                struct json_object *o = json_object_new_object();

                if (!o || !json_add_text(o, "name", record->name) ||
                        !json_add_text(o, "media-type", record->media_type) ||
                        !json_add_number(o, "indicator", record->indicator) ||
                        !json_add_number(o, "size", record->content.n)) {
                        json_object_put(o);
                        o = NULL;
                }
                inspection_entry(i, "records", record->name, o, "%s, indicator %u, %zu bytes",
                        record->media_type, record->indicator, record->content.n);
        }
        for (size_t n = 0; n < c.n_records; n++)
                add_record(i, &c.records[n]);
        return 0;
}

static int inspect_hex(struct inspection *i, struct span bytes, struct diag *d) {
        _cleanup_(freep) uint8_t *decoded = NULL;
        size_t n;
        int r = detect_unhex(bytes.bytes, bytes.n, &decoded, &n);

        if (r < 0)
                return diag_errno(d, r, "hexadecimal digits");
        if (detect(decoded, n) == CONTENT_HEX)
                return diag_fail(d, -EBADMSG, "hexadecimal digits of hexadecimal digits");
        return inspect(i, (struct span){ decoded, n }, d);
}

int inspect(struct inspection *i, struct span bytes, struct diag *d) {
        static int (*const functions[])(struct inspection * i, struct span bytes, struct diag * d) = {
                [CONTENT_BUNDLE] = inspect_bundle,
                [CONTENT_TRUSTEE] = inspect_trustee,
                [CONTENT_TPM_QUOTE] = inspect_tpm_quote,
                [CONTENT_THIM] = inspect_thim,
                [CONTENT_HCL_REPORT] = inspect_hcl_report,
                [CONTENT_SNP_REPORT] = inspect_snp_report,
                [CONTENT_TD_REPORT] = inspect_td_report,
                [CONTENT_TD_QUOTE] = inspect_td_quote,
                [CONTENT_TPM_ATTEST] = inspect_tpm_attest,
                [CONTENT_AZ_QUOTE] = inspect_az_quote,
                [CONTENT_EVENT_LOG] = inspect_event_log,
                [CONTENT_SYSTEMD_LOG] = inspect_systemd_log,
                [CONTENT_IMA_LOG] = inspect_ima_log,
                [CONTENT_PEM] = inspect_pem,
                [CONTENT_DER] = inspect_certificate,
                [CONTENT_HEX] = inspect_hex,
        };
        _Static_assert(N_NAMES(functions) == _CONTENT_MAX, "every kind of content has a function");
        enum content content = detect(bytes.bytes, bytes.n);

        if (content == 0)
                return diag_fail(d, -EBADMSG,
                        bytes.n == 0 ? "empty"
                                     : "not evidence that is known: no bundle, report, quote, log or "
                                       "certificate");
        i->content = content_to_string(content);
        if (content == CONTENT_RUNTIME_CLAIMS)
                return inspect_runtime_claims(i, bytes,
                        "report-data of the hardware's report, which is not here", d);
        return functions[content](i, bytes, d);
}
