/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trustee's evidence, and what it is written as again. */
#include "lib/format/trustee.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(trustee_evidence_done) struct trustee_evidence e = {};
        _cleanup_(freep) char *again = NULL;

        if (trustee_evidence_parse((const char *)bytes, n, &e, NULL) == 0)
                (void)trustee_evidence_format(&e, &again);
        return 0;
}
