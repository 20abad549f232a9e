/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host answers to a TDREPORT. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/evidence/td-quote-answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct tdx_report none; /* fits what is all zeroes */
        _cleanup_(freep) uint8_t *quote = NULL;
        struct tdx_quote q;
        size_t n;

        if (td_quote_answer_parse((const char *)data, size, &none, &quote, &n, NULL) < 0)
                return 0;
        if (n > TDX_QUOTE_MAX || tdx_quote_parse(quote, n, &q, NULL) < 0)
                abort();
        return 0;
}
