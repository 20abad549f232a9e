/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a TPM says and signs, made in software. Source: TPM 2.0 library, part 2. Big-endian. */
#include <stdbool.h>

#include "tests/forge/bytes.h"

#define FORGE_RSASSA 0x0014
#define FORGE_RSAPSS 0x0016
#define FORGE_ECDSA 0x0018
#define FORGE_SHA256 0x000b
#define FORGE_AK_ATTRIBUTES 0x00050472 /* fixed, restricted, signing: the AK of Azure's template */

/* TPMT_PUBLIC of an RSA or P-256 key. */
struct forge_bytes forge_tpm_public(EVP_PKEY *key, uint32_t attributes, uint16_t scheme);

/* The qualified name of a primary key under the endorsement hierarchy: 34 bytes. */
void forge_qualified_name(const struct forge_bytes *public_area, uint8_t ret[static 34]);

/* Register values, of one bank. */
struct forge_pcrs {
        uint16_t hash; /* TPM_ALG_ID */
        uint8_t values[24][64];
};

struct forge_attest {
        uint32_t magic;
        uint16_t type;
        const void *qualified_signer;
        size_t n_qualified_signer;
        const void *extra_data;
        size_t n_extra_data;
        uint64_t clock, firmware;
        uint32_t reset_count, restart_count;
        uint8_t safe;
        uint32_t selected; /* bit n: PCR n */
        const struct forge_pcrs *pcrs;
        const uint8_t *pcr_digest; /* NULL: that of the registers */
};

/* A quote of PCRs 0-23. */
void forge_attest_init(struct forge_attest *a, const struct forge_pcrs *pcrs);
struct forge_bytes forge_attest_make(const struct forge_attest *a);

/* TPMT_SIGNATURE over SHA-256; salt: of RSAPSS, in bytes. */
struct forge_bytes forge_tpm_sign(EVP_PKEY *ak, uint16_t scheme, int salt, const void *bytes, size_t n);
