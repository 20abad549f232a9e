/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing bytes, and the two operations of OpenSSL that every maker needs. */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "tests/forge/bytes.h"

void forge_check(int ok, const char *what) {
        if (ok)
                return;
        fprintf(stderr, "forge: %s failed\n", what);
        ERR_print_errors_fp(stderr);
        abort();
}

void forge_bytes_done(struct forge_bytes *b) {
        free(b->bytes);
        *b = (struct forge_bytes){};
}

/* Room for n more, which are zero, and a NUL. */
static uint8_t *grow(struct forge_bytes *b, size_t n) {
        uint8_t *more = realloc(b->bytes, b->n + n + 1), *at;

        forge_check(more != NULL, "realloc");
        b->bytes = more;
        at = more + b->n;
        memset(at, 0, n + 1);
        b->n += n;
        return at;
}

void forge_put(struct forge_bytes *b, const void *bytes, size_t n) {
        uint8_t *at = grow(b, n);

        if (n > 0)
                memcpy(at, bytes, n);
}

struct forge_bytes forge_copy(const void *bytes, size_t n) {
        struct forge_bytes copy = {};

        forge_put(&copy, bytes, n);
        return copy;
}

void forge_zeros(struct forge_bytes *b, size_t n) {
        grow(b, n);
}

void forge_text(struct forge_bytes *b, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        forge_check(n >= 0, "vasprintf");
        forge_put(b, text, (size_t)n);
}

void forge_hex(struct forge_bytes *b, const void *bytes, size_t n) {
        hex_format(bytes, n, (char *)grow(b, 2 * n));
}

void forge_base64url(struct forge_bytes *b, const void *bytes, size_t n) {
        _cleanup_(freep) char *text = NULL;

        forge_check(base64_format(bytes, n, BASE64_URL, &text) == 0, "base64");
        forge_put(b, text, strlen(text));
}

void forge_set_le(uint8_t *at, uint64_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                at[i] = (uint8_t)(value >> (8 * i));
}

void forge_le(struct forge_bytes *b, uint64_t value, size_t n) {
        forge_set_le(grow(b, n), value, n);
}

void forge_be(struct forge_bytes *b, uint64_t value, size_t n) {
        uint8_t *at = grow(b, n);

        for (size_t i = 0; i < n; i++)
                at[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

void forge_sized(struct forge_bytes *b, const void *bytes, size_t n) {
        forge_be(b, n, 2);
        forge_put(b, bytes, n);
}

size_t forge_hash(const char *name, const void *bytes, size_t n, uint8_t *ret) {
        size_t size = 0;

        forge_check(EVP_Q_digest(NULL, name, NULL, bytes, n, ret, &size), name);
        return size;
}

void forge_ecdsa(EVP_PKEY *key, const char *hash, const void *bytes, size_t n, size_t size, uint8_t *ret_r,
        uint8_t *ret_s) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t der[256];
        const uint8_t *at = der;
        size_t n_der = sizeof(der);
        ECDSA_SIG *signature;

        forge_check(context && EVP_DigestSignInit_ex(context, NULL, hash, NULL, NULL, key, NULL) == 1 &&
                        EVP_DigestSign(context, der, &n_der, bytes, n) == 1,
                "signing with ECDSA");
        signature = d2i_ECDSA_SIG(NULL, &at, (long)n_der);
        forge_check(signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_r, (int)size) == (int)size &&
                        BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_s, (int)size) == (int)size,
                "taking an ECDSA signature apart");
        ECDSA_SIG_free(signature);
        EVP_MD_CTX_free(context);
}
