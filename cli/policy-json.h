/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A loaded policy in the form of its files, all of them as one: names instead of GUIDs, labels and reasons
 * kept. */
#include <json-c/json_object.h>

#include "lib/policy/policy.h"

/* Values of the keys of a policy file; the caller puts them. NULL for want of memory, or where a key is to
 * be left out. */
struct json_object *policy_expect_json(const struct policy *p);
struct json_object *policy_words_json(const struct policy_words *w);
struct json_object *policy_rule_json(const struct policy_rule *r);
struct json_object *policy_default_json(const struct policy *p);
const char *policy_unknown_text(const struct policy *p);

/* The whole file, as one that could be loaded. -ENOMEM. */
int policy_to_json(const struct policy *p, struct json_object **ret);
