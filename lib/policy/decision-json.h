/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A decision as every JSON tells it. NULL is out of memory; the caller puts what is returned. */
#include <json-c/json_object.h>

#include "lib/policy/evaluation.h"

/* {"rule" (id, or "(default)" ...),"origin","labels" (of the rule, a list),"action","violates","reason",
 * "protected-by"}: p is what decided. */
struct json_object *decision_json(const struct policy *p, const struct decision *d);

/* "file:line:column", or "built in". */
struct json_object *policy_origin_json(const struct policy_origin *o);
