/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Evidence in the forms of other verifiers. Two carry the caller's nonce as it is (binding.h, raw), and are
 * made live: Trustee's holds the quote against the nonce, and Azure's answer is encrypted to a key of this
 * TPM, so that neither can be made of a bundle later.
 */
#include "lib/base/diag.h"
#include "lib/evidence/evidence.h"

/* All borrowed; what is not there has no bytes. */
struct export_parts {
        struct span nonce;
        struct span hcl_report;     /* cut to its declared size */
        const char *isolation;      /* "snp", "tdx", ...; may be NULL */
        struct span ak_certificate; /* DER */
        struct span message;        /* TPMS_ATTEST */
        struct span signature;      /* the bare RSA signature */
        const struct pcr_bank *pcrs;
        struct span key, key_info, key_signature,
                ak_public; /* of MaaKey, for Azure alone: keys TPMT_PUBLIC */
        struct span firmware_log;
        struct span vek_chain; /* PEM */
        struct span vek;       /* DER */
        struct span td_quote;
        const char *missing; /* why there are no endorsements */
};

/*
 * Trustee's evidence for az-snp-vtpm or az-tdx-vtpm, version 2. The caller frees *ret. -ENODATA when the
 * chip's certificate or the TD quote is not there, -EOPNOTSUPP for another isolation, -ENOMEM.
 */
int export_trustee(const struct export_parts *p, char **ret, struct diag *d);

/*
 * The body of POST /attest/AzureGuest?api-version=2020-10-01 of Microsoft Azure Attestation. The caller
 * frees *ret. Errors as above.
 */
int export_maa(const struct export_parts *p, char **ret, struct diag *d);

/*
 * The body of POST /attest/SevSnpVm or /attest/TdxVm there: the hardware's report with the runtime claims,
 * and nothing of the guest, so that it can be made of a bundle at any time. isolation: "snp", else TDX.
 * Errors as above.
 */
int export_maa_platform(const struct export_parts *p, char **ret, struct diag *d);
