/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a failure is called on the bus: one table from errno to org.cvmd1.Error.*. */
#include <systemd/sd-bus.h>

#include "lib/base/diag.h"

#define ERROR_PREFIX "org.cvmd1.Error."

/* Never NULL: "org.cvmd1.Error.Failed" for an errno that has no name of its own. */
const char *error_name(int r);

/* Fills error from r and what d says, and returns -errno as method handlers have to. */
int error_set(sd_bus_error *error, int r, const struct diag *d);
