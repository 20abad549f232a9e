/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of each setting the first file that has it counts; rules line up. */
#include <errno.h>
#include <string.h>

#include "lib/policy/policy-private.h"

int policy_merge(struct policy *p, struct policy *file) {
        struct policy_rule *rules = p->rules;

        if (p->mode_origin.line == 0) {
                p->mode = file->mode;
                p->mode_origin = file->mode_origin;
        }
        if (p->gate_origin.line == 0) {
                p->gate = file->gate;
                p->gate_origin = file->gate_origin;
        }
        if (p->expect_origin.line == 0) {
                p->expect_isolation = file->expect_isolation;
                file->expect_isolation = (struct policy_words){};
                p->expect_paravisor = file->expect_paravisor;
                p->expect_origin = file->expect_origin;
        }
        if (p->unknown_origin.line == 0) {
                p->unknown = file->unknown;
                p->unknown_origin = file->unknown_origin;
        }
        if (p->protect_origin.line == 0) {
                p->protect = file->protect;
                file->protect = (struct policy_words){};
                p->protect_origin = file->protect_origin;
        }
        if (p->default_origin.line == 0) {
                p->default_action = file->default_action;
                p->default_origin = file->default_origin;
        }
        if (file->n_rules == 0)
                return 0;
        rules = reallocarray(p->rules, p->n_rules + file->n_rules, sizeof(*rules));
        if (!rules)
                return -ENOMEM;
        memcpy(rules + p->n_rules, file->rules, file->n_rules * sizeof(*rules));
        p->rules = rules;
        p->n_rules += file->n_rules;
        file->n_rules = 0; /* they have moved */
        return 0;
}
