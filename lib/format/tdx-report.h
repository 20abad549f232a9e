/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * TDREPORT_STRUCT of Intel TDX: what TDG.MR.REPORT writes, vouched for only on the machine that made it.
 * Source: Intel TDX module ABI, TDREPORT_STRUCT, TDINFO_STRUCT. Little-endian.
 */
#include "lib/base/diag.h"
#include "lib/format/span.h"

#define TDX_REPORT_SIZE 1024
#define TDX_DEBUG (UINT64_C(1) << 0) /* in TD attributes */

/* The measurements and the configuration of a TD, the same in a report and in a quote. */
struct tdx_measurements {
        uint64_t attributes, xfam;
        uint8_t mrtd[48], mrconfigid[48], mrowner[48], mrownerconfig[48];
        uint8_t rtmr[4][48];
};

struct tdx_report {
        uint8_t type, subtype, version;
        uint8_t cpusvn[16];
        uint8_t tee_tcb_info_hash[48], tee_info_hash[48];
        uint8_t report_data[64];
        uint8_t mac[32];
        struct tdx_measurements td;
        uint8_t servtd_hash[48];
        struct span tee_tcb_info; /* 239 bytes: what tee_tcb_info_hash is SHA-384 of */
        struct span td_info;      /* 512 bytes: what tee_info_hash is SHA-384 of */
};

/*
 * Exactly TDX_REPORT_SIZE bytes, which are borrowed. -EBADMSG, also for reserved bytes that are not zero;
 * -EOPNOTSUPP for an unknown version. Hashes are not checked.
 */
int tdx_report_parse(const void *bytes, size_t n, struct tdx_report *ret, struct diag *d);

/* From attributes to the last RTMR, in the order that reports and quotes share. */
void tdx_measurements_read(struct cursor *c, struct tdx_measurements *ret);
