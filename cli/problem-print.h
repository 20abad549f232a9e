/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is wrong with a policy, each with the line it is about and a mark below. */
#include <json-c/json_object.h>

#include "cli/output.h"
#include "lib/policy/policy-file.h"

/* root: where the files are, NULL when their names are as the user gave them. -ENOMEM. */
int problems_print(const struct policy_problems *p, struct sysroot *root, struct output *out);

/* {"version":1,"errors":N,"warnings":N,"problems":[{"severity","file","line","column","message"}]}. The
 * caller puts it. */
int problems_json(const struct policy_problems *p, struct json_object **ret);
