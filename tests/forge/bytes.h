/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes that grow: what a maker writes field after field. The owner calls forge_bytes_done(). */
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct forge_bytes {
        uint8_t *bytes; /* with a NUL behind them, once there are any */
        size_t n;
};

void forge_bytes_done(struct forge_bytes *b);
struct forge_bytes forge_copy(const void *bytes, size_t n);

/* Append. */
void forge_put(struct forge_bytes *b, const void *bytes, size_t n);
void forge_zeros(struct forge_bytes *b, size_t n);
void forge_text(struct forge_bytes *b, const char *format, ...) _printf_(2, 3);
void forge_hex(struct forge_bytes *b, const void *bytes, size_t n);       /* lower case */
void forge_base64url(struct forge_bytes *b, const void *bytes, size_t n); /* without padding */
void forge_le(struct forge_bytes *b, uint64_t value, size_t n);           /* n bytes of it */
void forge_be(struct forge_bytes *b, uint64_t value, size_t n);
void forge_sized(struct forge_bytes *b, const void *bytes,
        size_t n); /* u16, big-endian, then the bytes: TPM2B */

/* Writes into bytes that are there already. */
void forge_set_le(uint8_t *at, uint64_t value, size_t n);

/* Ends the program unless ok: nothing here goes on half-made. */
void forge_check(int ok, const char *what);

/* "SHA256", "SHA384", ...; ret has room for it. Answers the size. */
size_t forge_hash(const char *name, const void *bytes, size_t n, uint8_t *ret);

/* r and s of an ECDSA signature, each of `size` bytes, big-endian. hash names the digest. */
void forge_ecdsa(EVP_PKEY *key, const char *hash, const void *bytes, size_t n, size_t size, uint8_t *ret_r,
        uint8_t *ret_s);
