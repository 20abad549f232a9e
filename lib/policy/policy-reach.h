/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rules that can never match: told as warnings, and only what is proved. */
#include "lib/policy/policy-file.h"

#define POLICY_REACH_RULES_MAX \
        2000 /* every rule is held against all before it: beyond, only contradictions are told */

/* Of a policy without errors. -ENOMEM. */
int policy_warn_unreachable(const struct policy *p, struct policy_problems *problems);
