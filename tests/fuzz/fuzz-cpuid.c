/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recorded CPUID leaves are a file that somebody made. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/facts/cpuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};

        if (cpuid_parse("fuzz", (const char *)data, size, &t, NULL) < 0)
                return 0;
        if (t.n == 0)
                abort();
        for (size_t i = 0; i < t.n; i++) {
                const struct cpuid_leaf *a = &t.leaves[i], *b = a + 1;

                if (cpuid_find(&t, a->leaf, a->subleaf) != a)
                        abort();
                /* sorted, and no pair twice */
                if (i + 1 < t.n && (a->leaf > b->leaf || (a->leaf == b->leaf && a->subleaf >= b->subleaf)))
                        abort();
        }
        return 0;
}
