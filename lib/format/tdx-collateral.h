/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What Intel publishes of TDX platforms: which security versions are good (TCB info), and which quoting
 * enclave is Intel's (QE identity). Source: Intel PCS API version 4, TCB info version 3 and enclave identity
 * version 2. JSON: {"tcbInfo": BODY, "signature": HEX} or {"enclaveIdentity": BODY, "signature": HEX}; the
 * signature is over the very bytes of BODY.
 */
#include "lib/base/diag.h"
#include "lib/format/pck-certificate.h"
#include "lib/format/span.h"

#define TDX_COLLATERAL_MAX (1024 * 1024)
#define TCB_LEVELS_MAX 128
#define TDX_MODULES_MAX 16
#define ADVISORIES_SIZE 128

enum tcb_status {
        TCB_UP_TO_DATE = 1,
        TCB_SW_HARDENING_NEEDED,
        TCB_CONFIGURATION_NEEDED,
        TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
        TCB_OUT_OF_DATE,
        TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
        TCB_REVOKED,
        _TCB_STATUS_MAX,
};

const char *tcb_status_to_string(enum tcb_status s); /* "UpToDate", ... */
int tcb_status_from_string(const char *text);        /* -EBADMSG */

/* What is said of a version and all above it, up to the next level. */
struct tcb_level {
        enum tcb_status status;
        int64_t date;                     /* seconds since 1970 */
        char advisories[ADVISORIES_SIZE]; /* "INTEL-SA-00837 INTEL-SA-00960", cut where it has to be */
        uint8_t sgx_svn[SGX_COMPONENTS], tdx_svn[SGX_COMPONENTS]; /* of a platform */
        uint16_t pce_svn;
        uint16_t isv_svn; /* of an enclave or a module */
};

struct tcb_levels {
        size_t n;
        struct tcb_level *of; /* as they are listed: the highest first */
};

/* An enclave, or a TDX module, as its report shows it. */
struct tdx_module {
        uint8_t version; /* of "TDX_03"; 0: tdxModule itself */
        uint8_t mrsigner[48];
        uint64_t attributes, attributes_mask;
        struct tcb_levels levels;
};

struct tcb_info {
        int64_t issued, next_update; /* seconds since 1970 */
        uint8_t fmspc[6], pce_id[2];
        size_t n_modules;
        struct tdx_module modules[TDX_MODULES_MAX]; /* tdxModule, then tdxModuleIdentities */
        struct tcb_levels levels;
};

struct qe_identity {
        int64_t issued, next_update;
        uint32_t misc_select, misc_select_mask;
        uint8_t attributes[16], attributes_mask[16];
        uint8_t mrsigner[32];
        uint16_t isv_prod_id;
        struct tcb_levels levels;
};

enum tdx_collateral_kind {
        TDX_TCB_INFO = 1,
        TDX_QE_IDENTITY,
};

struct tdx_collateral_file {
        enum tdx_collateral_kind kind;
        struct span body;      /* what is signed; borrowed from the text */
        uint8_t signature[64]; /* r and s, big-endian */
        struct tcb_info tcb_info;
        struct qe_identity qe_identity;
};

/*
 * Borrows the text. -EBADMSG with what and where; -EOPNOTSUPP for other versions, and for the collateral of
 * SGX. The caller ends *ret with tdx_collateral_file_done().
 */
int tdx_collateral_file_parse(const char *text, size_t n, const char *what, struct tdx_collateral_file *ret,
        struct diag *d);
void tdx_collateral_file_done(struct tdx_collateral_file *f);
