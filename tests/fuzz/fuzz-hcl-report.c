/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report of the paravisor, and the claims in it. */
#include "lib/format/hcl-report.h"
#include "lib/format/runtime-claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};
        struct hcl_report h;

        if (hcl_report_parse(bytes, n, &h, NULL) == 0)
                (void)runtime_claims_parse(h.claims.bytes, h.claims.n, &c, NULL);
        return 0;
}
