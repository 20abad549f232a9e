/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The JSON of status and devices: scripts stand on its keys. */
#include <json-c/json_object.h>

#include "cli/view.h"

/* [{"provider","available","why"}]; NULL is out of memory. The caller puts it. */
struct json_object *view_providers_json(const struct view *v);

/* The caller puts *ret. -ENOMEM. */
int view_status_json(const struct view *v, struct json_object **ret);
int view_devices_json(const struct view *v, struct json_object **ret);
int view_device_json(const struct device_view *d, struct json_object **ret);
