/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of a quote, and what it is written as again. */
#include "lib/format/tpm-quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        _cleanup_(freep) char *again = NULL;

        if (tpm_quote_parse(bytes, n, &q, NULL) == 0)
                (void)tpm_quote_format(&q, &again);
        return 0;
}
