/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The attestation report of AMD SEV-SNP, versions 2 to 5. Source: AMD 56860, SEV-SNP firmware ABI, table
 * "ATTESTATION_REPORT". Little-endian.
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/format/span.h"

#define SNP_REPORT_SIZE 1184
#define SNP_REPORT_SIGNED_SIZE 0x2a0
#define SNP_CHIP_ID_SIZE 64
#define SNP_MEASUREMENT_SIZE 48
#define SNP_POLICY_DEBUG (UINT64_C(1) << 19)
#define SNP_POLICY_MIGRATE_MA (UINT64_C(1) << 18)
#define SNP_POLICY_SMT (UINT64_C(1) << 16)

/* Which layout a TCB has and whose root signs. Zero: the report does not say (version 2), or names a CPU
 * that is not known. */
enum snp_product {
        SNP_MILAN = 1,
        SNP_GENOA,
        SNP_TURIN,
        _SNP_PRODUCT_MAX,
};

enum snp_signing_key {
        SNP_SIGNED_VCEK = 0, /* values as in key flags, bits 4:2 */
        SNP_SIGNED_VLEK = 1,
        SNP_SIGNED_NONE = 7,
};

/* Security versions by component; fmc is there on Turin alone. */
struct snp_tcb {
        uint8_t fmc, boot_loader, tee, snp, microcode;
};

struct snp_firmware {
        uint8_t major, minor, build;
};

struct snp_report {
        uint32_t version, guest_svn, vmpl, signature_algorithm;
        uint64_t policy, platform_info;
        bool author_key, chip_key_masked;
        unsigned signing_key; /* enum snp_signing_key; other values are kept as they are */
        enum snp_product product;
        uint8_t family, model, stepping;                               /* version 3 on, else 0 */
        uint64_t current_tcb, reported_tcb, committed_tcb, launch_tcb; /* see snp_tcb_of() */
        struct snp_firmware current, committed;
        uint64_t launch_mitigations, current_mitigations; /* version 5, else 0 */
        uint8_t family_id[16], image_id[16];
        uint8_t report_data[64];
        uint8_t measurement[SNP_MEASUREMENT_SIZE];
        uint8_t host_data[32];
        uint8_t id_key_digest[48], author_key_digest[48];
        uint8_t report_id[32], report_id_ma[32];
        uint8_t chip_id[SNP_CHIP_ID_SIZE];
        uint8_t r[72], s[72]; /* as on the wire: little-endian, 48 bytes and padding */
        struct span signed_part;
};

/*
 * Exactly SNP_REPORT_SIZE bytes, which are borrowed. -EBADMSG, also for reserved bytes that are not zero;
 * -EOPNOTSUPP for an unknown version.
 */
int snp_report_parse(const void *bytes, size_t n, struct snp_report *ret, struct diag *d);

/* The components of a TCB in the layout of that product (not 0). */
struct snp_tcb snp_tcb_of(uint64_t tcb, enum snp_product product);

/* The bits of a TCB that no component has; for product 0 those that no product uses. */
uint64_t snp_tcb_reserved(enum snp_product product);

/* Whether no component of a is above that of b. */
bool snp_tcb_at_most(const struct snp_tcb *a, const struct snp_tcb *b);

/* By CPUID family and model; 0 for none that is known. */
enum snp_product snp_product_of(uint8_t family, uint8_t model);

const char *snp_product_to_string(enum snp_product p); /* "Milan", ... */
