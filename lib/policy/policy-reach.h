/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rules that can never match: told as warnings, and only what is proved. */
#include "lib/policy/policy-file.h"

/*
 * Rules with errors are left aside, and so are rules of the distribution that an administrator's stand
 * before: that is what those are for. Every rule is held against all before it, and there is a bound to that
 * work, far beyond ten thousand rules; where it is met, a warning says so. -ENOMEM.
 */
int policy_warn_unreachable(const struct policy *p, struct policy_problems *problems);
