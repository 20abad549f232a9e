/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A test of a policy, as a file: a recorded guest, the policy to judge it by, and the verdicts that are
 * expected. Written as policies are (JSON with comments, read strictly):
 *
 *   { "version": 1,
 *     "description": "the plain network is to be blocked",
 *     "snapshot": "../fixtures/snp-openhcl.snapshot",
 *     "policy": ["50-site.json", "/usr/lib/cvmd/policy.d"],
 *     "mode": "enforce",
 *     "expect": { "state": "violating",
 *                 "devices": { "000d3a7e": { "verdict": "violating", "action": "block", "rule": "payload" },
 *                              "scsi": "allowed",
 *                              "*": "allowed" } } }
 *
 * A device is named by its instance or a unique beginning of it, or by its relid; a class stands for all
 * devices of it that nothing names more closely, and "*" for all that nothing else names.
 */
#include "lib/policy/evaluation.h"
#include "lib/policy/policy-file.h"

#define POLICY_CASE_MAX (1024 * 1024) /* bytes in one file */

/* What is expected of the devices that one key names. */
struct case_expectation {
        struct policy_origin origin; /* of the key */
        char *device;
        enum verdict verdict;      /* UNSET: any */
        enum policy_action action; /* UNSET: any */
        char *rule;                /* NULL: any */
};

struct policy_case {
        char *name;                   /* of its file */
        char *description;            /* NULL: none */
        char *snapshot;               /* as written: relative to the folder of the file */
        struct policy_words policies; /* files or folders, likewise */
        struct policy_origin snapshot_origin, policies_origin;
        enum policy_mode mode;  /* UNSET: the policy's */
        enum guest_state state; /* expected; UNSET: any */
        struct policy_origin state_origin;
        struct case_expectation *expectations;
        size_t n;
};

/*
 * -EBADMSG when there is a problem, and d has the first; problems are filled in either way. A case that
 * expects nothing is one.
 */
int policy_case_parse(const char *name, const char *text, size_t n, struct policy_case **ret,
        struct policy_problems *ret_problems, struct diag *d);
void policy_case_free(struct policy_case *c);
DEFINE_FREEP(struct policy_case, policy_case_free)

/* Something that is not as expected. */
struct case_finding {
        struct policy_origin origin; /* of the expectation, borrowed from the case */
        const struct device *device; /* borrowed from the guest; NULL: the guest as a whole */
        const char *what;            /* "state", "verdict", "action" or "rule" */
        char *expected, *found;
        char *because; /* a sentence: which rule decided, where it is, and why; what was unexpected */
};

/* Zero-initialised is empty. */
struct case_result {
        struct case_finding *findings; /* in the order of the case, and of devices */
        size_t n;
        size_t n_checked; /* how many devices the case speaks of */
};

/*
 * Judges the guest by the policy and holds the verdicts against what the case expects; borrows all three,
 * which must outlive *ret. -EBADMSG for an expectation that names no device, or one that another names as
 * well: the problems are filled in either way. Pure.
 */
int policy_case_judge(const struct policy_case *c, const struct policy *p, const struct guest *g,
        struct case_result *ret, struct policy_problems *ret_problems, struct diag *d);
void case_result_done(struct case_result *r);
