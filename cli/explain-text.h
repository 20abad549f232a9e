/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Explanations and plans for a person, from the JSON of explain_device() and plan_to_json(): a daemon of
 * another version may leave out or add keys, so what is not there is not shown.
 */
#include <json-c/json_object.h>

#include "cli/output.h"

void explain_print(struct json_object *explanation, struct output *out);
void plan_print(struct json_object *plan, struct output *out);
