/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bank of platform configuration registers: which of them, by which hash, and their values. */
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCR_COUNT 24
#define PCR_ALL UINT32_C(0xffffff)
#define PCR_SIZE_MAX 64
#define PCR_SELECTION_TEXT_SIZE 72

/* Values are TPM_ALG_ID's (TPM 2.0 library, part 2, table 9). */
enum pcr_hash {
        PCR_SHA1 = 0x0004,
        PCR_SHA256 = 0x000b,
        PCR_SHA384 = 0x000c,
        PCR_SHA512 = 0x000d,
};

struct pcr_bank {
        enum pcr_hash hash;
        uint32_t selected; /* bit n: PCR n; values of the others are zero */
        uint8_t values[PCR_COUNT][PCR_SIZE_MAX];
};

size_t pcr_hash_size(enum pcr_hash h);           /* bytes; 0 for no such hash */
const char *pcr_hash_to_string(enum pcr_hash h); /* "sha256"; "?" for no such hash */
int pcr_hash_from_string(const char *word);      /* enum pcr_hash, or -EBADMSG */

/* "0,2-7" and "all", without blanks; at least one, none twice; -EBADMSG. */
int pcr_selection_parse(const char *text, uint32_t *ret);
/* The inverse, in ascending order; "" for none. */
void pcr_selection_format(uint32_t selected, char ret[static PCR_SELECTION_TEXT_SIZE]);

/* The selected values in ascending order, as TPM2_Quote hashes them. Returns how many bytes they are. */
size_t pcr_bank_values(const struct pcr_bank *bank, uint8_t ret[static PCR_COUNT * PCR_SIZE_MAX]);

/*
 * SHA-256, or what `with` says, over these values. ret has room for pcr_hash_size(with) bytes. -EIO when
 * OpenSSL fails.
 */
int pcr_bank_digest(const struct pcr_bank *bank, enum pcr_hash with, uint8_t *ret);

/* One hash after the other: OpenSSL would otherwise look the algorithm up for each. */
struct pcr_hasher {
        EVP_MD *md;
        EVP_MD_CTX *context;
};
int pcr_hasher_init(struct pcr_hasher *ret, enum pcr_hash h); /* -EIO when OpenSSL fails */
void pcr_hasher_done(struct pcr_hasher *h);
int pcr_hasher_run(struct pcr_hasher *h, const void *bytes, size_t n, uint8_t *ret); /* likewise */

/*
 * TPM2_PCR_Extend: the register becomes the hash of its value and the digest, which has the bank's size; h
 * is of the bank's hash. -EIO when OpenSSL fails.
 */
int pcr_extend(struct pcr_bank *bank, struct pcr_hasher *h, unsigned pcr, const uint8_t *digest);

/* The hash of the bytes; ret has room for pcr_hash_size(h). -EIO when OpenSSL fails. */
int pcr_hash_bytes(enum pcr_hash h, const void *bytes, size_t n, uint8_t *ret);
