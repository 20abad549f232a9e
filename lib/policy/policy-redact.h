/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making a policy safe to send along with a snapshot. */
#include <json-c/json_object.h>

#include "lib/facts/redaction.h"
#include "lib/policy/policy.h"

/* What of the policy is to have stand-ins; before redaction_settle(). -ENOMEM. */
int policy_redact_learn(const struct policy *p, struct redaction *r);

/*
 * All files of p as one that decides the same about the redacted copy of s, which g is: instances by their
 * stand-ins (a shell pattern as the instances that it fits), paths by the stand-ins of their mounts, ids
 * without the names of the machine. Reasons, labels and comments are what somebody has written, and are left
 * out. Rules keep their order. The caller puts *ret. -ENOMEM.
 */
int policy_redact(const struct policy *p, const struct snapshot *s, const struct guest *g,
        const struct redaction *r, struct json_object **ret);
