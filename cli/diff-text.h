/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What policy_diff() found, for a person. */
#include <json-c/json_object.h>

#include "cli/output.h"

void diff_print(struct json_object *diff, struct output *out);
