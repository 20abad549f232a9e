/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a policy makes of a guest, what enforcing it would do now and what that would cost: the daemon's
 * answer to Plan and Evaluate, and what cvmctl prints.
 */
#include <json-c/json_object.h>

#include "lib/enforce/plan.h"

/*
 * Judges g by p, in the mode in force and as if that were enforce, and plans the latter. The caller puts
 * *ret:
 *   {"version":1,"digest","mode","mode-overridden","unexpected" (null when the guest is what is expected),
 *    "state","enforced-state","devices":[DEVICE...],"steps":[STEP...],"protected":[STEP...]}
 * `state` is what the guest will be once all is done that the mode asks for, `enforced-state` once all of
 * `steps` is. A DEVICE has instance, class, verdict and enforced-verdict (likewise), rule, origin
 * (file:line:column or null), reason. A STEP of `steps` has verb ("block", "release", "halt"), instance,
 * class, driver (bound now, or null), rebound, rule, origin, reason, protected-by (null) and dependents
 * ([{"kind","name","through"}]): what would lose its device. `protected` holds what would be blocked if
 * nothing important depended on it; its verb is "nothing", and protected-by is that dependent
 * (null once it is gone, and protection outlasts it). o may be
 * NULL. -ENOMEM.
 */
int plan_to_json(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        const struct held *held, size_t n_held, struct json_object **ret);
