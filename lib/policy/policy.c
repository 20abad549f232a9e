/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's words, its end, and what holds when no file says. */
#include "lib/policy/policy.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/base/name-table.h"
#include "lib/policy/matcher.h"
#include "lib/policy/policy-file.h"
#include "lib/policy/policy-private.h"

static const char *const actions[] = {
        [ACTION_UNSET] = "unset",
        [ACTION_ALLOW] = "allow",
        [ACTION_AUDIT] = "audit",
        [ACTION_BLOCK] = "block",
        [ACTION_HALT] = "halt",
};
_Static_assert(N_NAMES(actions) == _ACTION_MAX, "every action has a name");

static const char *const unknowns[] = {
        [UNKNOWN_UNSET] = "unset",
        [UNKNOWN_VIOLATION] = "violation",
        [UNKNOWN_PASS] = "pass",
};
_Static_assert(N_NAMES(unknowns) == _UNKNOWN_MAX, "every way to count the unknown has a name");

static const char *const gates[] = {
        [GATE_UNSET] = "unset",
        [GATE_OFF] = "off",
        [GATE_ON] = "on",
};
_Static_assert(N_NAMES(gates) == _POLICY_GATE_MAX, "every position of the gate has a name");

/*
 * The last resort, when no policy can be read: nothing that carries payload over memory that the host can
 * read or may be able to read; control is let pass, and the rest reported, so that the guest is not called
 * compliant by a policy that nobody wrote. It is parsed like any other: there is one reader.
 */
static const char built_in[] =
        "{\"version\":1,\"mode\":\"enforce\",\"gate\":\"on\",\"unknown\":\"violation\","
        "\"protect\":[\"root\",\"usr\",\"boot\",\"swap\"],"
        "\"rules\":["
        "{\"id\":\"built-in-payload\",\"match\":{\"class\":[\"network\",\"scsi\",\"ide\",\"fc\",\"nd\"]},"
        "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"block\","
        "\"reason\":\"no policy could be read: payload stays off memory that the host can read\"},"
        "{\"id\":\"built-in-control\",\"match\":{\"class\":[\"timesync\",\"heartbeat\",\"shutdown\"]},"
        "\"action\":\"allow\"}],"
        "\"default\":{\"action\":\"audit\"}}";

const char *policy_action_to_string(enum policy_action a) {
        return name_of(actions, N_NAMES(actions), a);
}

const char *policy_unknown_to_string(enum policy_unknown u) {
        return name_of(unknowns, N_NAMES(unknowns), u);
}

const char *policy_gate_to_string(enum policy_gate g) {
        return name_of(gates, N_NAMES(gates), g);
}

bool policy_expects(const struct policy *p) {
        return p->expect_isolation.n > 0 || p->expect_paravisor != TRISTATE_UNKNOWN;
}

static bool match_asks_for_ids(const struct policy_match *m) {
        return m->vendor.n > 0 || m->device.n > 0 || (m->negated && match_asks_for_ids(m->negated));
}

bool policy_asks_for_ids(const struct policy *p) {
        for (size_t i = 0; i < p->n_rules; i++)
                if (match_asks_for_ids(&p->rules[i].match))
                        return true;
        return false;
}

void policy_words_done(struct policy_words *w) {
        for (size_t i = 0; i < w->n; i++)
                free(w->words[i]);
        free(w->words);
        *w = (struct policy_words){};
}

static void match_done(struct policy_match *m) {
        policy_words_done(&m->class);
        policy_words_done(&m->instance);
        policy_words_done(&m->driver);
        policy_words_done(&m->vendor);
        policy_words_done(&m->device);
        policy_words_done(&m->isolation);
        matcher_free(m->matcher);
        if (m->negated)
                match_done(m->negated);
        free(m->negated);
}

void policy_rule_done(struct policy_rule *r) {
        free(r->id);
        match_done(&r->match);
        policy_words_done(&r->protect);
        free(r->reason);
        policy_words_done(&r->labels);
}

void policy_free(struct policy *p) {
        if (!p)
                return;
        policy_words_done(&p->expect_isolation);
        policy_words_done(&p->protect);
        for (size_t i = 0; i < p->n_rules; i++)
                policy_rule_done(&p->rules[i]);
        free(p->rules);
        for (size_t i = 0; i < p->n_files; i++)
                free(p->files[i]);
        free(p->files);
        for (size_t i = 0; i < p->n_warnings; i++)
                free(p->warnings[i]);
        free(p->warnings);
        free(p);
}

int policy_new_built_in(struct policy **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r = policy_parse("built-in", built_in, sizeof(built_in) - 1, &p, &problems, NULL);

        if (r < 0)
                return r;
        p->built_in = true;
        *ret = TAKE(p);
        return 0;
}
