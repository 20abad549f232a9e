/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A collection of records, and what it is written as again. */
#include "lib/format/cmw.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(cmw_done) struct cmw c = {};
        _cleanup_(freep) char *again = NULL;

        if (cmw_parse((const char *)bytes, n, &c, NULL) < 0)
                return 0;
        if (cmw_format(c.collection_type, c.records, c.n_records, &again) < 0)
                return 0;
        (void)cmw_find(&c, "claims");
        return 0;
}
