/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One rule as a whole: what belongs together in it, and what it can hardly mean. */
#include "lib/policy/policy-words.h"

/* Of a rule that was read from node, with or without errors. */
void rule_check(struct reader *r, const struct json_node *node, const struct policy_rule *rule);

/* Complains of a string that can name no rule, with one that can where that is at hand. */
void rule_refuse_id(struct reader *r, const struct json_node *value);
