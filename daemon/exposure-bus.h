/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of the table of a device's properties. */
#include "daemon/properties.h"

/* a{s(ts)}: moment to time and source; what is not known is not there. */
int exposure_append_times(sd_bus_message *reply, const struct property_object *o);
bool exposure_same_times(const struct property_object *before, const struct property_object *after);

/* (ttb): at least, at most (the largest number: not known), and whether it goes on. */
int exposure_append_sum(sd_bus_message *reply, const struct property_object *o);
bool exposure_same_sum(const struct property_object *before, const struct property_object *after);
