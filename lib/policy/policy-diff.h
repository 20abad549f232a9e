/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What would change with another policy, on guests that are known: nothing but what it comes to. */
#include <json-c/json_object.h>

#include "lib/policy/evaluation.h"

struct diff_guest {
        const char *name; /* for people; NULL: the running one */
        const struct guest *guest;
};

/*
 * Everything that differs, as JSON; "changes" counts it, so 0 means that nobody would notice. Pure. The
 * caller puts *ret. -ENOMEM. "version": 1 "old", "new": {"digest","files"} "settings":
 * [{"setting","old","new","old-origin","new-origin"}], values as a policy has them "guests":
 * [{"guest","total", "state": null or {"old","new"}, "devices": [{"instance","class","old","new"}]}], of
 * devices whose verdict, action or protection changes; each side as of decision_json(), with "verdict"
 *   "changes":    of settings, states and devices
 */
int policy_diff(const struct policy *old, const struct policy *new, const struct diff_guest *guests,
        size_t n, struct json_object **ret);
