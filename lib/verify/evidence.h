/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Evidence of any form, taken apart: what is judged. Nothing is verified yet, but everything that is there
 * has been parsed, strictly.
 */
#include "lib/claims/batch.h"
#include "lib/evidence/tsm.h"
#include "lib/format/cmw.h"
#include "lib/format/hcl-report.h"
#include "lib/format/runtime-claims.h"
#include "lib/format/snp-report.h"
#include "lib/format/tdx-quote.h"
#include "lib/format/tdx-report.h"
#include "lib/format/tpm-quote.h"
#include "lib/format/trustee.h"

#define EVIDENCE_MAX CMW_MAX

enum evidence_form {
        EVIDENCE_BUNDLE = 1, /* ours: a CMW collection */
        EVIDENCE_TRUSTEE,
        EVIDENCE_HCL,
        EVIDENCE_SNP,
        EVIDENCE_TD_QUOTE,
        _EVIDENCE_FORM_MAX,
};

enum evidence_log {
        EVIDENCE_FIRMWARE_LOG,
        EVIDENCE_SYSTEMD_LOG,
        EVIDENCE_IMA_LOG,
        _EVIDENCE_LOG_MAX,
};

struct evidence {
        enum evidence_form form;
        enum hcl_report_type type; /* how the guest is isolated */
        bool has_hcl, has_tsm, has_snp, has_td_report, has_td_quote, has_quote, has_batch;
        struct hcl_report hcl;
        struct runtime_claims runtime; /* with hcl */
        struct snp_report snp;
        struct tdx_report td_report; /* of an HCL report */
        struct tdx_quote td_quote;
        struct tpm_attest attest; /* with quote, as the next two */
        struct tpm_signature signature;
        const struct pcr_bank *pcrs;
        const uint8_t *user_data; /* the guest's own 64 bytes in the report; NULL: it has none */
        struct batch batch;
        struct span claims;                    /* of a bundle: the bytes that were hashed */
        struct json_document *claims_document; /* what they say; NULL: there are none */
        struct span ak_certificate;            /* DER */
        struct span vek_chain;                 /* PEM, leaf first; or, of Trustee, the leaf in DER */
        struct span logs[_EVIDENCE_LOG_MAX];
        struct tsm_report tsm; /* what the above borrow from, as the next ones */
        struct tpm_quote tpm_quote;
        struct cmw cmw;
        struct trustee_evidence trustee;
};

/*
 * Finds out which form it is. Borrows the bytes. -EBADMSG with the reason for what is none of them, or
 * malformed in any part; -EOPNOTSUPP for versions that are not known. On success the caller ends *ret with
 * evidence_done().
 */
int evidence_parse(const void *bytes, size_t n, struct evidence *ret, struct diag *d);
void evidence_done(struct evidence *e);

const char *evidence_form_to_string(enum evidence_form f); /* "bundle", "trustee", ... */
