/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The evidence of Trustee's attesters az-snp-vtpm and az-tdx-vtpm, versions 0, 1 and 2. Source: Trustee and
 * guest-components, attester az_snp_vtpm and az_tdx_vtpm.
 */
#include "lib/base/diag.h"
#include "lib/format/pcr.h"

#define TRUSTEE_MAX (1024 * 1024)

struct trustee_evidence {
        unsigned version;
        uint8_t *signature, *message,
                *hcl_report; /* owned, as all below; signature without its TPMT header */
        size_t n_signature, n_message, n_hcl_report;
        struct pcr_bank pcrs; /* 24 values of SHA-256 */
        uint8_t *vek;         /* DER: az-snp-vtpm alone */
        size_t n_vek;
        uint8_t *td_quote; /* az-tdx-vtpm alone */
        size_t n_td_quote;
};

/* Exactly one of vek and td_quote is there. -EBADMSG for anything else. */
int trustee_evidence_parse(const char *text, size_t n, struct trustee_evidence *ret, struct diag *d);
void trustee_evidence_done(struct trustee_evidence *e);

/* Version 2, as the attesters write it. The caller frees *ret. -ENOMEM. */
int trustee_evidence_format(const struct trustee_evidence *e, char **ret);
