/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/claims/binding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TAG_SIZE 16

/* With the NUL behind it, which is part of what is hashed. */
static const char BINDING_TAG[] = "cvmd-binding-1";
static const char BATCH_TAG[TAG_SIZE] = "cvmd-batch-1"; /* 12 characters, then zeroes */
static const char RAW_TAG[TAG_SIZE] = "cvmd-raw-1";

static int check_size(const char *what, size_t n, size_t min, size_t max, struct diag *d) {
        return n >= min && n <= max
                ? 0
                : diag_fail(d, -EINVAL, "%s of %zu bytes: %zu to %zu are possible", what, n, min, max);
}

int binding_compute(const void *nonce, size_t n_nonce, const void *bind, size_t n_bind, const void *claims,
        size_t n_claims, struct digest *ret, struct diag *d) {
        struct {
                char tag[sizeof(BINDING_TAG)];
                struct digest nonce, bind, claims;
        } hashed;
        int r;

        _Static_assert(sizeof(hashed) == sizeof(BINDING_TAG) + 3 * SHA256_SIZE, "nothing between the parts");
        r = check_size("nonce", n_nonce, NONCE_MIN, NONCE_MAX, d);
        if (r < 0)
                return r;
        r = check_size("bind", n_bind, 0, BIND_MAX, d);
        if (r < 0)
                return r;
        memcpy(hashed.tag, BINDING_TAG, sizeof(BINDING_TAG));
        if (digest_sha256(nonce, n_nonce, &hashed.nonce) < 0 ||
                digest_sha256(bind, n_bind, &hashed.bind) < 0 ||
                digest_sha256(claims, n_claims, &hashed.claims) < 0 ||
                digest_sha256(&hashed, sizeof(hashed), ret) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        return 0;
}

int batch_user_data(const struct digest *bindings, size_t n, uint8_t ret[static USER_DATA_SIZE]) {
        struct {
                char tag[sizeof("cvmd-batch-1")]; /* with its NUL */
                uint8_t count[4];
                struct digest bindings[BATCH_MAX];
        } hashed;
        struct digest digest;
        int r;

        if (n < 1 || n > BATCH_MAX)
                return -EINVAL;
        memcpy(hashed.tag, BATCH_TAG, sizeof(hashed.tag));
        for (unsigned i = 0; i < 4; i++)
                hashed.count[i] = (uint8_t)(n >> (24 - 8 * i));
        memcpy(hashed.bindings, bindings, n * sizeof(*bindings));
        r = digest_sha256(&hashed, offsetof(__typeof__(hashed), bindings) + n * sizeof(*bindings), &digest);
        if (r < 0)
                return r;
        memset(ret, 0, USER_DATA_SIZE);
        memcpy(ret, digest.bytes, SHA256_SIZE);
        memcpy(ret + USER_DATA_SIZE - TAG_SIZE, BATCH_TAG, TAG_SIZE);
        return 0;
}

int raw_user_data(const void *nonce, size_t n, uint8_t ret[static USER_DATA_SIZE], struct diag *d) {
        int r = check_size("raw nonce", n, NONCE_MIN, RAW_NONCE_MAX, d);

        if (r < 0)
                return r;
        memset(ret, 0, USER_DATA_SIZE);
        memcpy(ret, nonce, n);
        memcpy(ret + USER_DATA_SIZE - TAG_SIZE, RAW_TAG, TAG_SIZE);
        return 0;
}

enum user_data_tag user_data_tag(const uint8_t user_data[static USER_DATA_SIZE]) {
        const uint8_t *tag = user_data + USER_DATA_SIZE - TAG_SIZE;

        if (memcmp(tag, BATCH_TAG, TAG_SIZE) == 0)
                return USER_DATA_BATCH;
        return memcmp(tag, RAW_TAG, TAG_SIZE) == 0 ? USER_DATA_RAW : USER_DATA_FOREIGN;
}
