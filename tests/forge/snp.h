/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reports of SEV-SNP. Source: AMD 56860, table "ATTESTATION_REPORT". */
#include <stdbool.h>

#include "tests/forge/pki.h"

#define FORGE_SNP_SIZE 1184

struct forge_snp {
        uint32_t version; /* 2 to 5; others are written as they are */
        enum snp_product product;
        uint32_t guest_svn, vmpl, signature_algorithm;
        uint64_t policy, platform_info;
        bool author_key, chip_key_masked;
        unsigned signing_key; /* 0 VCEK, 1 VLEK, 7 none */
        uint8_t family, model, stepping;
        struct snp_tcb current, reported, committed, launch;
        struct snp_firmware current_firmware, committed_firmware;
        uint64_t launch_mitigations, current_mitigations;
        uint8_t family_id[16], image_id[16], report_data[64], measurement[48], host_data[32];
        uint8_t id_key_digest[48], author_key_digest[48], report_id[32], report_id_ma[32], chip_id[64];
};

/* A report as Azure's machines give it: version 3 (5 on Turin), VMPL 0, no debugging, one TCB throughout. */
void forge_snp_init(struct forge_snp *s, enum snp_product product);

/* Writes and signs it; without a key the signature is zero. */
void forge_snp_make(const struct forge_snp *s, EVP_PKEY *vek, uint8_t ret[static FORGE_SNP_SIZE]);

/* Signs the bytes of a report anew after a change. */
void forge_snp_sign(uint8_t report[static FORGE_SNP_SIZE], EVP_PKEY *vek);

/* The certificate that goes with it: its product, reported TCB and chip; csp_id makes it a VLEK. */
struct forge_vek forge_snp_vek(const struct forge_snp *s);

uint64_t forge_snp_tcb(const struct snp_tcb *tcb, enum snp_product product);
