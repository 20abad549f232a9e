/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Judging: facts against policy, pure. What enforcement made of it comes in through enum enforcement. */
#include "lib/policy/policy.h"

enum decision_origin {
        DECIDED_BY_NOTHING,
        DECIDED_BY_RULE,
        DECIDED_BY_DEFAULT,
        DECIDED_BY_HAND,           /* an administrator's block or allow, until the next boot */
        DECIDED_NOT_APPLICABLE,    /* the guest is not isolated and not expected to be */
        DECIDED_BY_HAND_PERMANENT, /* the same for good: a rule of by-hand-file.h */
        DECIDED_OUTSIDE,           /* hv_sock without a rule of its own: outside `default` */
        _DECISION_ORIGIN_MAX,
};

/* What an administrator decided about one instance, standing before all rules. */
struct hand_decision {
        struct guid instance;
        bool allow;
};

struct decision {
        enum policy_action action; /* ALLOW, AUDIT (report), BLOCK or HALT; mode is not in it */
        bool violates;             /* action is not ALLOW */
        bool protected; /* to be blocked, were it not for what depends on it: `dependent` says what */
        const struct dependent *dependent; /* NULL: what does is not known, or is gone since moments */
        const char
                *protected_by; /* the word of `protect` that facts fulfil; NULL: none, or for want of them */
        bool kept;             /* protected though nothing depends on it any more: see protect_kept() */
        enum dependent_kind kept_kind;
        enum decision_origin origin;
        const struct policy_rule *rule; /* for those by a rule, borrowed from the policy */
        char *reason;                   /* a sentence: which requirement failed, or the rule's reason */
};

struct evaluation {
        enum policy_mode mode; /* in force: the policy's, or the override */
        bool mode_overridden;
        bool gated;                 /* no device may have a driver before it was judged */
        bool lets_go;               /* not enforcing, and what was blocked is released */
        bool applies;               /* rules apply: isolated, or expected to be, or unclear */
        bool expected;              /* the guest is what `expect` says (true without `expect`) */
        char *unexpected;           /* what was found instead, NULL when expected */
        struct decision *decisions; /* one for each device of the guest, same index */
        size_t n;
};

/* What protected a device until moments ago. */
struct kept_protection {
        struct guid instance;
        enum dependent_kind kind;
        const char *word;
};

struct evaluation_options {
        bool no_gate;          /* whatever the policy says */
        enum policy_mode mode; /* of the kernel command line; UNSET: the policy's */
        bool lets_go;          /* where that mode does not enforce, what was blocked is released */
        const struct hand_decision *by_hand;
        size_t n_by_hand;
        const struct kept_protection *kept;
        size_t n_kept;
};

/* -ENOMEM is the only failure. Borrows guest and policy, which must outlive *ret. */
int policy_evaluate(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        struct evaluation **ret);
void evaluation_free(struct evaluation *e);
DEFINE_FREEP(struct evaluation, evaluation_free)

/* What enforcement last saw of a device. */
enum enforcement {
        ENFORCEMENT_NONE, /* nothing done: only the facts speak */
        ENFORCEMENT_PENDING,
        ENFORCEMENT_BLOCKED, /* re-read: no driver, override ours */
        ENFORCEMENT_RELEASED,
        ENFORCEMENT_FAILED,
};

const char *enforcement_to_string(enum enforcement e); /* none pending blocked released failed */

#define BLOCKED_OVERRIDE "cvmd-blocked" /* what driver_override says of a device that cvmd blocks */

/* Pure: from the decision, the facts (bound or not, override) and what enforcement saw. */
enum verdict verdict_of(const struct decision *d, const struct device *device, enum enforcement enforcement);

/* Where the gate stands: whether it is wanted, and whether the kernel holds devices back. */
enum gate_state {
        GATE_STATE_UNSET,
        GATE_STATE_OFF,     /* not wanted */
        GATE_STATE_ON,      /* wanted and closed */
        GATE_STATE_PENDING, /* wanted, and the kernel still gives drivers to devices by itself */
        _GATE_STATE_MAX,
};

/* Pure: from what the policy wants and what the kernel was seen to do. Without a VMBus, off. */
enum gate_state gate_state_of(const struct evaluation *e, const struct guest *g);
const char *gate_state_to_string(enum gate_state s); /* unset off on pending */

/*
 * Pure: what the verdict will be once all is done that e, of which the decision is, asks for, when nothing
 * is pending and nothing fails: how a policy that is not in force is told.
 */
enum verdict verdict_intended(const struct evaluation *e, const struct decision *d,
        const struct device *device, enum enforcement enforcement);

/* Pure: of the whole guest, from its evaluation and one verdict for each device. */
enum guest_state state_of(const struct evaluation *e, const enum verdict *verdicts);
