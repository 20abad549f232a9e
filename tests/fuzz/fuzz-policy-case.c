/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a test case: no crash, a problem for every refusal, and what is taken expects something. */
#include <string.h>

#include "lib/policy/policy-case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Against a guest with nothing on its bus, every name but "*" is one too many. */
static void judge(const struct policy_case *c) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(case_result_done) struct case_result result = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        const struct guest g = {};

        if (policy_new_built_in(&p) < 0)
                abort();
        if ((policy_case_judge(c, p, &g, &result, &problems, NULL) < 0) != (problems.n_errors > 0))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_case_freep) struct policy_case *c = NULL;
        int r = policy_case_parse("fuzz", (const char *)data, size, &c, &problems, NULL);

        if ((r < 0) != (problems.n_errors > 0) || (r < 0) != !c)
                abort();
        if (c && !c->state && c->n == 0)
                abort();
        if (c)
                judge(c);
        return 0;
}
