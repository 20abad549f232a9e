/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a TPM signs, and its signature. Source: TPM 2.0 library, part 2, TPMS_ATTEST (10.12.12),
 * TPMT_SIGNATURE (11.3.4), TPMT_PUBLIC (12.2.4). Big-endian.
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

#define TPM_ATTEST_MAX 4096

struct tpm_clock {
        uint64_t clock; /* milliseconds */
        uint32_t reset_count, restart_count;
        bool safe;
};

/* A TPMS_ATTEST of type quote. */
struct tpm_attest {
        struct span qualified_signer; /* a name: hash algorithm and digest */
        struct span extra_data;       /* the qualifying data */
        struct tpm_clock clock;
        uint64_t firmware_version;
        enum pcr_hash bank; /* exactly one bank is selected */
        uint32_t selected;
        struct span pcr_digest;
        struct span whole; /* what is signed */
};

enum tpm_signature_scheme {
        TPM_RSASSA = 0x0014,
        TPM_RSAPSS = 0x0016,
        TPM_ECDSA = 0x0018,
};

struct tpm_signature {
        enum tpm_signature_scheme scheme;
        enum pcr_hash hash;
        struct span rsa;  /* RSASSA, RSAPSS */
        struct span r, s; /* ECDSA */
};

enum tpm_key_type {
        TPM_KEY_RSA = 0x0001,
        TPM_KEY_ECC = 0x0023,
};

/* A TPMT_PUBLIC of an asymmetric key. */
struct tpm_public {
        enum tpm_key_type type;
        enum pcr_hash name_hash;
        uint32_t attributes; /* TPMA_OBJECT */
        struct span policy;
        unsigned scheme; /* enum tpm_signature_scheme, or 0x0010: none */
        enum pcr_hash scheme_hash;
        unsigned key_bits; /* RSA */
        uint32_t exponent; /* RSA; 0 means 65537 */
        struct span modulus;
        unsigned curve; /* ECC: TPM_ECC_CURVE */
        struct span x, y;
        struct span whole; /* what its name is the hash of */
};

/* All borrow the bytes and take exactly one structure; -EBADMSG for anything else. */
int tpm_attest_parse(const void *bytes, size_t n, struct tpm_attest *ret, struct diag *d);
int tpm_signature_parse(const void *bytes, size_t n, struct tpm_signature *ret, struct diag *d);
int tpm_public_parse(const void *bytes, size_t n, struct tpm_public *ret, struct diag *d);
