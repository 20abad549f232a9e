/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slips that leave a guest open while everything loads: the trial mode that was never ended, and rules that
 * a host can switch off. */
#include "lib/policy/policy-lint.h"

#include <errno.h>
#include <string.h>

#include "lib/policy/decision-text.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"

#define SHIPPED "/usr/lib/cvmd/policy.d/"

bool policy_origin_shipped(const struct policy_origin *o) {
        return o->file && strncmp(o->file, SHIPPED, strlen(SHIPPED)) == 0;
}

static int warn(const struct policy *p, struct policy_problems *problems, const struct policy_origin *o,
        const char *message) {
        return policy_problem_add(problems, POLICY_WARNING, o->file, policy_file_order(p, o), o->line,
                o->column, "%s", message);
}

/* The first place that wants something blocked; NULL: nothing ever is. */
static const struct policy_origin *first_block(const struct policy *p) {
        for (size_t i = 0; i < p->n_rules; i++)
                if (!p->rules[i].broken &&
                        (p->rules[i].action == ACTION_BLOCK || p->rules[i].on_violation == ACTION_BLOCK ||
                                p->rules[i].on_violation == ACTION_HALT))
                        return &p->rules[i].origin;
        return p->default_action == ACTION_BLOCK ? &p->default_origin : NULL;
}

/* Told where the mode is written; where another file wrote it, or none, at what it keeps from acting. */
static int warn_of_audit(const struct policy *p, struct policy_problems *problems) {
        const struct policy_origin *block = first_block(p), *mode = &p->mode_origin;
        _cleanup_(freep) char *message = NULL, *place = NULL;

        if (!block || p->mode == MODE_ENFORCE || (mode->line > 0 && p->mode == MODE_UNSET))
                return 0;
        if (mode->line > 0 && mode->file == block->file)
                return warn(p, problems, mode,
                        "mode \"audit\" only reports: nothing is blocked until this is \"enforce\"");
        if (mode->line == 0)
                return warn(p, problems, block,
                        "nothing is blocked: no file says \"mode\", and without it a policy only reports; "
                        "add "
                        "\"mode\": \"enforce\"");
        if (policy_origin_format(mode, &place) < 0 ||
                asprintf(&message, "nothing is blocked: the mode is \"audit\", from %s; %s", place,
                        policy_file_order(p, block) < policy_file_order(p, mode)
                                ? "add \"mode\": \"enforce\" to this file"
                                : "that file stands first, and would have to say \"enforce\"") < 0)
                return -ENOMEM;
        return warn(p, problems, block, message);
}

/* In an enlightened guest the host answers CPUID. Saying {} says that this is meant. */
static int warn_of_expect(const struct policy *p, struct policy_problems *problems) {
        if (p->mode != MODE_ENFORCE || p->expect_origin.line > 0)
                return 0;
        return warn(p, problems, &p->mode_origin,
                "\"enforce\" without \"expect\": a host that makes the guest look not isolated switches the "
                "rules off; add \"expect\": { \"isolation\": ... }, or \"expect\": {} if that is meant");
}

static int warn_of_gate(const struct policy *p, struct policy_problems *problems) {
        if (p->gate != GATE_ON || p->mode == MODE_ENFORCE ||
                (p->mode_origin.line > 0 && p->mode == MODE_UNSET))
                return 0;
        return warn(p, problems, &p->gate_origin,
                "the gate stays open: it is for mode \"enforce\", and the mode is \"audit\"");
}

int policy_warn_settings(const struct policy *p, struct policy_problems *problems) {
        int r = warn_of_audit(p, problems);

        if (r == 0)
                r = warn_of_gate(p, problems);
        return r < 0 ? r : warn_of_expect(p, problems);
}
