/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The properties of org.cvmd1.Manager that a picture has; of the object only the picture is read. */
#include "daemon/properties.h"

#define N_MANAGER_PROPERTIES 29
extern const struct property *const manager_properties;
