/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The times of a device as every JSON tells them. NULL is out of memory; the caller puts what is returned.
 */
#include <json-c/json_object.h>

#include "lib/enforce/exposure.h"

/*
 * {"offered": {"usec","source"}, "bound", "seen", "decided", "blocked"}: microseconds since boot; null as a
 * whole where nothing is known, null "usec" with source "before-seen".
 */
struct json_object *exposure_times_json(const struct stamp times[_EXPOSURE_MOMENT_MAX]);

/* {"at-least-usec","at-most-usec" (null: not known),"ongoing"} */
struct json_object *exposure_sum_json(const struct exposure_sum *s);
