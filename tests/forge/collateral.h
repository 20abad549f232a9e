/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Intel's collateral. Source: Intel PCS API version 4, TCB info (TDX) version 3 and QE identity version 2.
 */
#include "tests/forge/pki.h"

struct forge_collateral {
        uint8_t fmspc[6], pceid[2];
        uint8_t sgx_svn[16], tdx_svn[16]; /* of the level that `status` is about; below it: OutOfDate */
        uint16_t pcesvn;
        const char *status; /* "UpToDate" */
        const char *issue_date, *next_update;
        uint8_t module_mrsigner[48];
        unsigned module_version, module_svn; /* tdxModuleIdentities: TDX_nn, isvsvn */
        const char *module_status;
        uint8_t qe_mrsigner[32];
        unsigned qe_prod_id, qe_svn;
        const char *qe_status;
};

/* What fits a quote of forge_quote_init() under a certificate made from k. */
void forge_collateral_init(struct forge_collateral *c, const struct forge_pck *k);

/* JSON, signed over the exact bytes of its first member by FORGE_INTEL_TCB, or `key` where it is not NULL.
 */
struct forge_bytes forge_tcb_info(const struct forge_pki *p, const struct forge_collateral *c,
        EVP_PKEY *key);
struct forge_bytes forge_qe_identity(const struct forge_pki *p, const struct forge_collateral *c,
        EVP_PKEY *key);

/* PEM: the signing certificate, the root. */
struct forge_bytes forge_tcb_chain(const struct forge_pki *p);
