/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A TDX quote, version 4, or 5 with a TD 1.0 or 1.5 body. Source: Intel TDX DCAP quoting library API,
 * appendix A.3 and A.4. Little-endian.
 */
#include "lib/base/diag.h"
#include "lib/format/tdx-report.h"

#define TDX_QUOTE_MAX 65536
#define SGX_REPORT_SIZE 384

/* The report of Intel's quoting enclave: the fields that are checked. */
struct sgx_report {
        uint8_t cpusvn[16];
        uint32_t misc_select;
        uint8_t attributes[16];
        uint8_t mrenclave[32], mrsigner[32];
        uint16_t isv_prod_id, isv_svn;
        uint8_t report_data[64];
};

struct tdx_quote {
        uint16_t version, key_type; /* 4 or 5; 2: ECDSA P-256 */
        uint32_t tee_type;
        uint8_t qe_vendor_id[16], user_data[20];
        uint16_t body_type; /* 2: TD 1.0, 3: TD 1.5 */
        uint8_t tee_tcb_svn[16], mrseam[48], mrsignerseam[48];
        uint64_t seam_attributes;
        struct tdx_measurements td;
        uint8_t report_data[64];
        uint8_t tee_tcb_svn2[16], mrservicetd[48]; /* TD 1.5, else zero */
        struct span signed_part;                   /* header and body */
        struct span signature;                     /* r and s, 32 bytes each, big-endian */
        struct span attestation_key;               /* x and y, likewise */
        struct span qe_report_bytes;               /* what qe_signature signs */
        struct sgx_report qe_report;
        struct span qe_signature, qe_auth;
        struct span certificates; /* PEM, leaf first; may end with a NUL */
        size_t size;              /* up to the end of the signature data; anything may follow */
};

/*
 * Borrows the bytes; only what stands behind the signature data is left alone. -EBADMSG; -EOPNOTSUPP for
 * versions, key types, bodies or certification data that are not known.
 */
int tdx_quote_parse(const void *bytes, size_t n, struct tdx_quote *ret, struct diag *d);
