/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The paravisor's report and its runtime claims. Source: openvmm, openhcl_attestation_protocol. */
#include <stdbool.h>

#include "tests/forge/bytes.h"

struct forge_claims {
        EVP_PKEY *ak, *ek;     /* RSA; no EK: NULL */
        const char *ak_key_op; /* "sign" */
        bool zero_modulus;     /* an AK that the paravisor failed to make */
        bool console_enabled, secure_boot, tpm_enabled, tpm_persisted;
        const char *vm_id;
        const char *extra;        /* members behind the others, with a comma in front */
        const uint8_t *user_data; /* 64 bytes; NULL: none, as in the oldest format */
        bool upper_case;          /* its digits */
};

void forge_claims_init(struct forge_claims *c, EVP_PKEY *ak, EVP_PKEY *ek, const uint8_t *user_data);
struct forge_bytes forge_claims_make(const struct forge_claims *c);

struct forge_hcl {
        uint32_t magic, version, request_type, status;
        uint32_t request_version; /* 2: with capabilities */
        uint32_t capabilities;
        uint32_t type;      /* 1 VBS, 2 SNP, 3 TVM, 4 TDX, 5 CCA */
        uint32_t hash_type; /* 1 SHA-256, 2 SHA-384, 3 SHA-512 */
        const void *hardware;
        size_t n_hardware; /* at most 1184 */
        const void *claims;
        size_t n_claims;
        size_t padded; /* at least so many bytes: those of the NV index; 0: as many as it takes */
};

/* 2600 bytes, header version 1, request version 1, SHA-256: as Azure's guests have it. */
void forge_hcl_init(struct forge_hcl *h, uint32_t type);
struct forge_bytes forge_hcl_make(const struct forge_hcl *h);

/* What the hardware's report_data must be: the hash of the claims, then zeroes. */
void forge_report_data(uint32_t hash_type, const struct forge_bytes *claims, uint8_t ret[static 64]);
