/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What ties a caller's nonce and channel to claims, and claims to a report:
 *   binding   = SHA-256("cvmd-binding-1" || 00 || SHA-256(nonce) || SHA-256(bind) || SHA-256(claims))
 *   user-data = SHA-256("cvmd-batch-1" || 00 || u32be n || binding_1 .. binding_n) || 16 zero bytes ||
 *               "cvmd-batch-1" padded with zeroes to 16
 * The quote's qualifying data is the binding. Where a verifier wants the caller's bytes as they are:
 *   user-data = nonce padded with zeroes to 48 || "cvmd-raw-1" padded with zeroes to 16
 * The tags keep the two apart: without them a raw nonce could pose as a binding.
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/base/digest.h"

#define NONCE_MIN 8
#define NONCE_MAX 64
#define RAW_NONCE_MAX 48
#define BIND_MAX 64
#define BATCH_MAX 128 /* bindings that share a report */
#define USER_DATA_SIZE 64

enum user_data_tag {
        USER_DATA_FOREIGN = 1, /* neither of ours */
        USER_DATA_BATCH,
        USER_DATA_RAW,
};

/* bind may be empty. -EINVAL for a nonce or bind that is too short or too long, with the limits; -EIO. */
int binding_compute(const void *nonce, size_t n_nonce, const void *bind, size_t n_bind, const void *claims,
        size_t n_claims, struct digest *ret, struct diag *d);

/* 1 to BATCH_MAX bindings. -EINVAL, -EIO. */
int batch_user_data(const struct digest *bindings, size_t n, uint8_t ret[static USER_DATA_SIZE]);

/* NONCE_MIN to RAW_NONCE_MAX bytes; -EINVAL. */
int raw_user_data(const void *nonce, size_t n, uint8_t ret[static USER_DATA_SIZE], struct diag *d);

enum user_data_tag user_data_tag(const uint8_t user_data[static USER_DATA_SIZE]);
