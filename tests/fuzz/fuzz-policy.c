/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a policy: no crash, a problem for every refusal, and of what is taken the canonical bytes are
 * a policy of the same digest.
 */
#include <string.h>

#include "lib/policy/policy-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct policy *p) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *again = NULL;
        _cleanup_(freep) char *canonical = NULL;

        if (policy_canonical(p, &canonical) < 0 ||
                policy_parse("canonical", canonical, strlen(canonical), &again, &problems, NULL) < 0 ||
                memcmp(&again->digest, &p->digest, sizeof(p->digest)) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r = policy_parse("fuzz", (const char *)data, size, &p, &problems, NULL);

        if ((r < 0) != (problems.n_errors > 0) || (r < 0) != !p)
                abort();
        for (size_t i = 0; i < problems.n; i++) {
                _cleanup_(freep) char *text = NULL;

                if (policy_problem_format(&problems.problems[i], &text) < 0)
                        abort();
        }
        if (p)
                check_canonical(p);
        return 0;
}
