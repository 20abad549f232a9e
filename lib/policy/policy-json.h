/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A loaded policy in the form of its files, all of them as one: the inverse of reading. */
#include <json-c/json_object.h>

#include "lib/policy/policy.h"

enum policy_json_form {
        POLICY_JSON_SHOWN = 1, /* for people: classes by name, lists as they were written, reasons */
        POLICY_JSON_ENFORCED,  /* for digests: classes as GUIDs, lists sorted and each word once, no reasons
                                */
};

/* Values of the keys of a policy file; the caller puts them. NULL for want of memory. */
struct json_object *policy_expect_json(const struct policy *p, enum policy_json_form form);
struct json_object *policy_words_json(const struct policy_words *w, enum policy_json_form form);
struct json_object *policy_rule_json(const struct policy_rule *r, enum policy_json_form form);
struct json_object *policy_default_json(const struct policy *p);

/* The whole file, as one that could be loaded. -ENOMEM. */
int policy_to_json(const struct policy *p, enum policy_json_form form, struct json_object **ret);
