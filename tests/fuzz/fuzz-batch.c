/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a bundle that says how its claims hang on the report: whoever sends evidence wrote it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/claims/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint8_t user_data[USER_DATA_SIZE];
        struct batch b;

        if (batch_parse(data, size, &b, NULL) < 0)
                return 0;
        if (b.index >= b.n_bindings || b.n_nonce < NONCE_MIN || b.n_nonce > NONCE_MAX || b.n_bind > BIND_MAX)
                abort();
        if (batch_user_data(b.bindings, b.n_bindings, user_data) < 0)
                abort();
        return 0;
}
