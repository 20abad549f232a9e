/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evidence of any kind, by way of what it is taken for. */
#include "cli/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(inspection_done) struct inspection i = {};

        (void)inspect(&i, (struct span){ bytes, n }, NULL);
        return 0;
}
