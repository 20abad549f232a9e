/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A quote of a TD. */
#include "lib/format/tdx-quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct tdx_quote q;

        (void)tdx_quote_parse(bytes, n, &q, NULL);
        return 0;
}
