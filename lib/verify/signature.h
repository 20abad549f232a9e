/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signatures as attestation formats have them, and the keys that come without a certificate. */
#include <openssl/evp.h>
#include <stdbool.h>

#include "lib/base/digest.h"
#include "lib/format/runtime-claims.h"
#include "lib/format/tpm-attest.h"

#define ECDSA_SIZE_MAX 66 /* bytes of r, or s: P-521 */

/* What OpenSSL would otherwise look up and allocate for each signature. Not for several threads. */
struct signatures;
int signatures_new(struct signatures **ret);
void signatures_free(struct signatures *s);
DEFINE_FREEP(struct signatures, signatures_free)

/* SHA-256, 384 or 512 of the bytes; ret has room. False for another hash. */
bool signature_hash(struct signatures *s, enum pcr_hash hash, const void *bytes, size_t n, uint8_t *ret);

/* r and s are n bytes each, big-endian; hash is PCR_SHA256, 384 or 512. False also for a key of another
 * kind. */
bool signature_ecdsa_good(struct signatures *s, EVP_PKEY *key, enum pcr_hash hash, const uint8_t *r_bytes,
        const uint8_t *s_bytes, size_t n, const void *message, size_t n_message);

/*
 * The same for signatures that come again and again: the last few that were good are remembered. signer is
 * what tells the key from all others, the fingerprint of its certificate.
 */
bool signature_ecdsa_good_again(struct signatures *s, const struct digest *signer, EVP_PKEY *key,
        enum pcr_hash hash, const uint8_t *r_bytes, const uint8_t *s_bytes, size_t n, const void *message,
        size_t n_message);

/* A TPM's, by any of its schemes; SHA-1 is refused. */
bool signature_tpm_good(struct signatures *s, EVP_PKEY *key, const struct tpm_signature *signature,
        const void *message, size_t n_message);

/* The key of an AK; the last few are kept. *ret is borrowed until the next call. -EBADMSG: no such key. */
int signature_rsa_key(struct signatures *s, const struct rsa_key *rsa, EVP_PKEY **ret);

/*
 * Keys of their numbers; the caller frees *ret with EVP_PKEY_free(). -EBADMSG: no such key; -ENOMEM.
 * curve is kept from one call to the next, NULL at first and the caller's to free: setting a curve up takes
 * three times as long as reading a point on it.
 */
int signature_make_rsa_key(const struct rsa_key *rsa, EVP_PKEY **ret);
int signature_make_ec_key(const char *name, EVP_PKEY **curve, const uint8_t *point, size_t n,
        EVP_PKEY **ret);

/* A point on P-256: x and y, big-endian. Kept and borrowed likewise. -EBADMSG: it is not on the curve. */
int signature_p256_key(struct signatures *s, const uint8_t point[static 64], EVP_PKEY **ret);
