/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signing JSON: the compact form of a JWS (RFC 7515), by the algorithm that the key is for (RFC 7518, 8037).
 */
#include <openssl/evp.h>

#include "lib/base/diag.h"

/* A private key in PEM, without a passphrase. The caller frees *ret with EVP_PKEY_free(). -EBADMSG. */
int jws_key_parse(const char *what, const void *bytes, size_t n, EVP_PKEY **ret, struct diag *d);

/* P-256: ES256, P-384: ES384, RSA from 2048 bits: PS256, Ed25519: EdDSA. -EOPNOTSUPP for others; -EIO.
 * The caller frees *ret. */
int jws_sign(EVP_PKEY *key, const char *payload, size_t n, char **ret, struct diag *d);
