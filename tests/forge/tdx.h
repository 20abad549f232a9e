/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * TDREPORTs and quotes of Intel TDX. Source: Intel TDX module ABI (TDREPORT_STRUCT), Intel TDX DCAP quoting
 * library API, appendix A.3 and A.4.
 */
#include <stdbool.h>

#include "tests/forge/pki.h"

#define FORGE_TD_REPORT_SIZE 1024

struct forge_td {
        uint8_t tee_tcb_svn[16], mrseam[48], mrsignerseam[48];
        uint64_t seam_attributes, attributes, xfam;
        uint8_t mrtd[48], mrconfigid[48], mrowner[48], mrownerconfig[48], rtmr[4][48], servtd_hash[48];
        uint8_t report_data[64];
        uint8_t tee_tcb_svn2[16], mrservicetd[48]; /* TD 1.5 */
};

/* A TD as Azure runs it: no debugging, RTMRs zero. */
void forge_td_init(struct forge_td *td);

/* With hashes that fit, and a MAC that says nothing. */
void forge_td_report_make(const struct forge_td *td, uint8_t ret[static FORGE_TD_REPORT_SIZE]);

struct forge_quote {
        uint16_t version;   /* 4 or 5 */
        uint16_t body_type; /* of version 5: 2 TD 1.0, 3 TD 1.5 */
        uint16_t key_type, certificate_type;
        uint32_t tee_type;
        uint8_t qe_vendor_id[16];
        uint8_t qe_mrsigner[32], qe_attributes[16];
        uint16_t qe_prod_id, qe_svn;
        uint8_t auth[32];
        EVP_PKEY *attestation_key, *pck; /* P-256 */
        X509 *pck_certificate;
        const struct forge_bytes *chain; /* PEM in place of the right one */
        size_t trailing_zeros;
};

void forge_quote_init(struct forge_quote *q, uint16_t version);
struct forge_bytes forge_quote_make(const struct forge_pki *p, const struct forge_quote *q,
        const struct forge_td *td);
