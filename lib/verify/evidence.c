/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the bytes to the parts of each form; formats that hold others are taken apart as far as it goes. */
#include "lib/verify/evidence.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json-record.h"
#include "lib/base/name-table.h"
#include "lib/format/bundle-record.h"
#include "lib/format/detect.h"

static const char *const forms[] = {
        [EVIDENCE_BUNDLE] = "bundle",
        [EVIDENCE_TRUSTEE] = "trustee",
        [EVIDENCE_HCL] = "hcl-report",
        [EVIDENCE_SNP] = "snp-report",
        [EVIDENCE_TD_QUOTE] = "td-quote",
};
_Static_assert(N_NAMES(forms) == _EVIDENCE_FORM_MAX, "every form has a name");

const char *evidence_form_to_string(enum evidence_form f) {
        return name_of(forms, N_NAMES(forms), f);
}

static int parse_snp(struct evidence *e, const void *bytes, size_t n, struct diag *d) {
        int r = snp_report_parse(bytes, n, &e->snp, d);

        if (r < 0)
                return r;
        e->has_snp = true;
        e->type = HCL_REPORT_SNP;
        return 0;
}

static int parse_td_quote(struct evidence *e, const void *bytes, size_t n, struct diag *d) {
        int r = tdx_quote_parse(bytes, n, &e->td_quote, d);

        if (r < 0)
                return r;
        e->has_td_quote = true;
        e->type = HCL_REPORT_TDX;
        return 0;
}

static int parse_td_report(struct evidence *e, struct span hardware, struct diag *d) {
        int r = tdx_report_parse(hardware.bytes, hardware.n, &e->td_report, d);

        e->has_td_report = r >= 0;
        return r;
}

static int parse_hcl(struct evidence *e, const void *bytes, size_t n, struct diag *d) {
        int r = hcl_report_parse(bytes, n, &e->hcl, d);

        if (r < 0)
                return r;
        r = runtime_claims_parse(e->hcl.claims.bytes, e->hcl.claims.n, &e->runtime, d);
        if (r < 0)
                return r;
        e->has_hcl = true;
        e->type = e->hcl.type;
        if (e->type == HCL_REPORT_SNP)
                return parse_snp(e, e->hcl.hardware.bytes, e->hcl.hardware.n, d);
        return e->type == HCL_REPORT_TDX ? parse_td_report(e, e->hcl.hardware, d) : 0;
}

/* The bytes of a record, none when it is not there. */
static struct span record(const struct evidence *e, enum bundle_record which) {
        const struct cmw_record *found = cmw_find(&e->cmw, bundle_record_name(which));

        return found ? found->content : (struct span){};
}

/* What a bundle holds is one of ours, and of the type that it says. */
static int check_records(const struct cmw *c, struct diag *d) {
        for (size_t i = 0; i < c->n_records; i++) {
                const struct cmw_record *record = &c->records[i];
                int which = bundle_record_find(record->name);

                if (which < 0)
                        return diag_fail(d, -EBADMSG, "bundle: no record is called '%s'", record->name);
                if (strcmp(record->media_type, bundle_record_media_type(which)) != 0)
                        return diag_fail(d, -EBADMSG, "bundle: %s has media type '%s' instead of '%s'",
                                record->name, record->media_type, bundle_record_media_type(which));
        }
        return 0;
}

static int parse_quote_record(struct evidence *e, struct span quote, struct diag *d) {
        int r = tpm_quote_parse(quote.bytes, quote.n, &e->tpm_quote, d);

        if (r < 0)
                return r;
        r = tpm_attest_parse(e->tpm_quote.attest, e->tpm_quote.n_attest, &e->attest, d);
        if (r < 0)
                return r;
        r = tpm_signature_parse(e->tpm_quote.signature, e->tpm_quote.n_signature, &e->signature, d);
        if (r < 0)
                return r;
        e->pcrs = &e->tpm_quote.pcrs;
        e->has_quote = true;
        return 0;
}

/* The hardware's own report, without a paravisor: user-data is its report data. */
static int parse_tsm(struct evidence *e, struct span record, struct diag *d) {
        int r = tsm_report_parse(record.bytes, record.n, &e->tsm, d);

        if (r < 0)
                return r;
        e->has_tsm = true;
        if (strcmp(e->tsm.provider, "sev_guest") == 0)
                return parse_snp(e, e->tsm.outblob, e->tsm.n_outblob, d);
        if (strcmp(e->tsm.provider, "tdx_guest") == 0)
                return parse_td_quote(e, e->tsm.outblob, e->tsm.n_outblob, d);
        return diag_fail(d, -EOPNOTSUPP, "tsm-report: reports of \"%s\" cannot be verified yet",
                e->tsm.provider);
}

static int parse_bundle_parts(struct evidence *e, struct diag *d) {
        struct span hcl = record(e, BUNDLE_HCL_REPORT), td_quote = record(e, BUNDLE_TD_QUOTE),
                    quote = record(e, BUNDLE_TPM_QUOTE), batch = record(e, BUNDLE_BATCH);
        struct span tsm = record(e, BUNDLE_TSM_REPORT);
        int r = 0;

        if (tsm.bytes && (hcl.bytes || td_quote.bytes))
                return diag_fail(d, -EBADMSG, "bundle: tsm-report does not go with another report");
        if (tsm.bytes)
                r = parse_tsm(e, tsm, d);
        if (r >= 0 && hcl.bytes)
                r = parse_hcl(e, hcl.bytes, hcl.n, d);
        if (r >= 0 && td_quote.bytes)
                r = parse_td_quote(e, td_quote.bytes, td_quote.n, d);
        if (r >= 0 && quote.bytes)
                r = parse_quote_record(e, quote, d);
        if (r >= 0 && batch.bytes) {
                r = batch_parse(batch.bytes, batch.n, &e->batch, d);
                e->has_batch = r >= 0;
        }
        if (r >= 0 && e->claims.bytes)
                r = json_record_parse(e->claims.bytes, e->claims.n, "claims", &e->claims_document, d);
        return r;
}

static int parse_bundle(struct evidence *e, const char *text, size_t n, struct diag *d) {
        int r = cmw_parse(text, n, &e->cmw, d);

        if (r < 0)
                return r;
        if (!e->cmw.collection_type || strcmp(e->cmw.collection_type, CMW_BUNDLE_TYPE) != 0)
                return diag_fail(d, -EBADMSG, "a collection, but no bundle: \"__cmwc_t\" is not \"%s\"",
                        CMW_BUNDLE_TYPE);
        r = check_records(&e->cmw, d);
        if (r < 0)
                return r;
        e->claims = record(e, BUNDLE_CLAIMS);
        e->ak_certificate = record(e, BUNDLE_AK_CERTIFICATE);
        e->vek_chain = record(e, BUNDLE_SNP_VEK_CHAIN);
        e->logs[EVIDENCE_FIRMWARE_LOG] = record(e, BUNDLE_TPM_EVENT_LOG);
        e->logs[EVIDENCE_SYSTEMD_LOG] = record(e, BUNDLE_SYSTEMD_LOG);
        e->logs[EVIDENCE_IMA_LOG] = record(e, BUNDLE_IMA_LOG);
        return parse_bundle_parts(e, d);
}

static int parse_trustee(struct evidence *e, const char *text, size_t n, struct diag *d) {
        struct trustee_evidence *t = &e->trustee;
        int r = trustee_evidence_parse(text, n, t, d);

        if (r < 0)
                return r;
        r = parse_hcl(e, t->hcl_report, t->n_hcl_report, d);
        if (r < 0)
                return r;
        if (t->td_quote)
                r = parse_td_quote(e, t->td_quote, t->n_td_quote, d);
        if (r < 0)
                return r;
        r = tpm_attest_parse(t->message, t->n_message, &e->attest, d);
        if (r < 0)
                return r;
        e->signature = (struct tpm_signature){
                .scheme = TPM_RSASSA,
                .hash = PCR_SHA256,
                .rsa = { t->signature, t->n_signature },
        };
        e->pcrs = &t->pcrs;
        e->vek_chain = (struct span){ t->vek, t->n_vek };
        e->has_quote = true;
        return 0;
}

/* What the first bytes promise; 0: nothing that is judged. The parser then says whether they keep it. */
static enum evidence_form find_form(const uint8_t *bytes, size_t n) {
        switch (detect(bytes, n)) {
        case CONTENT_BUNDLE:
                return EVIDENCE_BUNDLE;
        case CONTENT_TRUSTEE:
                return EVIDENCE_TRUSTEE;
        case CONTENT_HCL_REPORT:
                return EVIDENCE_HCL;
        case CONTENT_SNP_REPORT:
                return EVIDENCE_SNP;
        case CONTENT_TD_QUOTE:
                return EVIDENCE_TD_QUOTE;
        case CONTENT_TPM_QUOTE:
        case CONTENT_RUNTIME_CLAIMS:
        case CONTENT_THIM:
        case CONTENT_TD_REPORT:
        case CONTENT_TPM_ATTEST:
        case CONTENT_AZ_QUOTE:
        case CONTENT_EVENT_LOG:
        case CONTENT_SYSTEMD_LOG:
        case CONTENT_IMA_LOG:
        case CONTENT_PEM:
        case CONTENT_DER:
        case CONTENT_HEX:
        case _CONTENT_MAX:
                break;
        }
        return 0;
}

static int parse(struct evidence *e, const void *bytes, size_t n, struct diag *d) {
        switch (e->form) {
        case EVIDENCE_BUNDLE:
                return parse_bundle(e, bytes, n, d);
        case EVIDENCE_TRUSTEE:
                return parse_trustee(e, bytes, n, d);
        case EVIDENCE_HCL:
                return parse_hcl(e, bytes, n, d);
        case EVIDENCE_SNP:
                return parse_snp(e, bytes, n, d);
        case EVIDENCE_TD_QUOTE:
                return parse_td_quote(e, bytes, n, d);
        case _EVIDENCE_FORM_MAX:
                break;
        }
        return diag_fail(d, -EBADMSG,
                "not evidence: neither a bundle, Trustee's JSON, an HCL report, an SNP report nor a TD "
                "quote");
}

static const uint8_t *find_user_data(const struct evidence *e) {
        if (e->has_hcl)
                return e->runtime.has_user_data ? e->runtime.user_data : NULL;
        if (e->has_snp)
                return e->snp.report_data;
        return e->has_td_quote ? e->td_quote.report_data : NULL;
}

int evidence_parse(const void *bytes, size_t n, struct evidence *ret, struct diag *d) {
        int r;

        *ret = (struct evidence){};
        if (n == 0)
                return diag_fail(d, -EBADMSG, "no evidence: 0 bytes");
        ret->form = find_form(bytes, n);
        r = parse(ret, bytes, n, d);
        if (r < 0)
                evidence_done(ret);
        else
                ret->user_data = find_user_data(ret);
        return r;
}

void evidence_done(struct evidence *e) {
        json_document_free(e->claims_document);
        runtime_claims_done(&e->runtime);
        tsm_report_done(&e->tsm);
        tpm_quote_done(&e->tpm_quote);
        trustee_evidence_done(&e->trustee);
        cmw_done(&e->cmw);
        *e = (struct evidence){};
}
