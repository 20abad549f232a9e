/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims without the report around them. */
#include "lib/format/runtime-claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};

        (void)runtime_claims_parse(bytes, n, &c, NULL);
        return 0;
}
