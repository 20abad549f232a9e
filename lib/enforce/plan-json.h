/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What enforcement would do now and what it would cost: what the daemon answers to Plan and what cvmctl
 * prints. */
#include <json-c/json_object.h>

#include "lib/enforce/plan.h"

/*
 * Judges g by p as if the mode were enforce (o->mode is set aside; o may be NULL) and plans from there. The
 * caller puts *ret:
 *   {"version":1,"mode":MODE,"steps":[STEP...],"protected":[STEP...]}
 * MODE is what is in force now. A STEP of `steps` has verb ("block", "release", "halt"), instance, class,
 * driver (bound now, or null), rebound, rule, origin (file:line:column or null), reason and dependents
 * ([{"kind","name","through"}]): what would lose its device. `protected` holds what would be blocked if
 * nothing important depended on it; its verb is "nothing". -ENOMEM.
 */
int plan_to_json(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        const struct held *held, size_t n_held, struct json_object **ret);
