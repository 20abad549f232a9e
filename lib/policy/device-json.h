/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of a device as every JSON tells them. NULL is out of memory; the caller puts what is returned. */
#include <json-c/json_object.h>

#include "lib/facts/vmbus-device.h"

/* [{"relid","sub","ring","dma","source"}] */
struct json_object *device_channels_json(const struct device *d);

/* [{"kind","name","through"}] */
struct json_object *device_dependents_json(const struct device *d);

/* {"kind","name","through"} */
struct json_object *device_dependent_json(const struct dependent *d);
