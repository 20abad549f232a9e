/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expectations: whatever is written there is read or refused with a place. */
#include <stdlib.h>

#include "lib/verify/expectation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct expectation *e = NULL;
        struct diag d = {};
        int r = expectation_parse("fuzz", (const char *)data, size, &e, &problems, &d);

        if (r < 0 ? d.text[0] == 0 : problems.n_errors > 0)
                abort();
        expectation_free(e);
        return 0;
}
