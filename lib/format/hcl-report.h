/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The report of the paravisor (HCL: host compatibility layer, OpenHCL), as it stands in NV index 0x01400001
 * of the guest's vTPM: a header, the hardware's report, and the runtime claims that the hardware's report
 * vouches for. Layout: openvmm, openhcl_attestation_protocol (igvm_attest/get.rs). Little-endian.
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/format/span.h"

#define HCL_REPORT_MAX 65536          /* far above what any paravisor writes (2,900 bytes) */
#define HCL_HARDWARE_REPORT_SIZE 1184 /* the field; what is in it may be shorter */

/* Values as on the wire. */
enum hcl_report_type {
        HCL_REPORT_VBS = 1,
        HCL_REPORT_SNP = 2,
        HCL_REPORT_TVM = 3, /* trusted launch: no hardware report */
        HCL_REPORT_TDX = 4,
        HCL_REPORT_CCA = 5,
        _HCL_REPORT_TYPE_MAX,
};

enum hcl_hash_type {
        HCL_HASH_SHA256 = 1,
        HCL_HASH_SHA384 = 2,
        HCL_HASH_SHA512 = 3,
        _HCL_HASH_TYPE_MAX,
};

struct hcl_report {
        uint32_t version;      /* 1 or 2 */
        uint32_t size;         /* of the whole, as the header states it */
        uint32_t request_type; /* 2: AK certificate */
        uint32_t status;
        uint32_t data_size, data_version;
        enum hcl_report_type type;
        enum hcl_hash_type hash_type;
        bool has_capabilities; /* request version 2 */
        uint32_t capabilities;
        struct span hardware; /* 1184 bytes (SNP), the 1024 of a TDREPORT, 0x230 (VBS); none: TVM */
        struct span padding;  /* what follows it in its field, all zero */
        struct span claims;   /* the JSON exactly as it was hashed: never to be written anew */
};

/*
 * Borrows the bytes. What follows the declared size must be zero. -EBADMSG for anything else than what is
 * known: magic, version, a status that is not 0, sizes that contradict each other or run over the end,
 * unknown types. -EOPNOTSUPP for CCA, whose report has no layout yet.
 */
int hcl_report_parse(const void *bytes, size_t n, struct hcl_report *ret, struct diag *d);

const char *hcl_report_type_to_string(enum hcl_report_type t); /* "snp", "tdx", "vbs", "tvm", "cca" */
const char *hcl_hash_type_to_string(enum hcl_hash_type t);     /* "sha256", ... */
