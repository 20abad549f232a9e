/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The result of a verification for programs. */
#include <json-c/json_object.h>

#include "lib/verify/verifier.h"

/*
 * {"version":1,"authentic","trusted","waived":[...],"form","kind","checks":[{"name","result","detail"}],
 * "claims":{...}|null}. Claims are as cvmd wrote them, "self-asserted". The caller owns *ret. -ENOMEM.
 */
int verification_json(const struct verification *v, struct json_object **ret);

/* The names of what was waived. NULL for want of memory. */
struct json_object *verification_waived_json(const struct checks *c);
