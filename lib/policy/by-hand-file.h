/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decisions by hand that last: a policy file with one rule a device, which cvmd writes as a whole. It is
 * read strictly: whatever a person made of it, cvmd does not write over.
 */
#include "lib/base/sysroot.h"
#include "lib/policy/evaluation.h"

#define BY_HAND_FOLDER "/etc/cvmd/policy.d"
#define BY_HAND_FILE BY_HAND_FOLDER "/10-by-hand.json" /* before an administrator's 50-site.json */

/* Sorted by instance, each at most once. Zero-initialised is empty. */
struct hand_decisions {
        struct hand_decision *decisions;
        size_t n;
};

void hand_decisions_done(struct hand_decisions *l);
const struct hand_decision *hand_decisions_find(const struct hand_decisions *l, const struct guid *instance);
int hand_decisions_set(struct hand_decisions *l, const struct guid *instance, bool allow); /* -ENOMEM */
void hand_decisions_remove(struct hand_decisions *l, const struct guid *instance);

/* Whether the rule is of that file. */
bool by_hand_file_has(const struct policy_rule *r);

/* The whole file. The caller frees *ret. -ENOMEM. */
int by_hand_file_format(const struct hand_decisions *l, char **ret);

/* -EBADMSG, with line and cure, unless it is byte for byte what by_hand_file_format() makes of it. */
int by_hand_file_parse(const char *text, size_t n, struct hand_decisions *ret, struct diag *d);

/* The one below root; none is empty. A link is -EBADMSG, too. */
int by_hand_file_read(struct sysroot *root, struct hand_decisions *ret, struct diag *d);
