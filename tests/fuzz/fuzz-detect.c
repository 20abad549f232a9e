/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file holds, and digits that stand for bytes. */
#include "lib/base/cleanup.h"
#include "lib/format/az-quote.h"
#include "lib/format/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(freep) uint8_t *decoded = NULL;
        struct az_quote q;
        size_t size;

        (void)detect(bytes, n);
        (void)az_quote_parse(bytes, n, &q, NULL);
        if (detect_unhex(bytes, n, &decoded, &size) == 0)
                (void)detect(decoded, size);
        return 0;
}
