/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A view as the daemon tells it. */
#include "cli/bus-client.h"
#include "cli/view.h"

/* The caller ends *ret with view_done(). Dependents are not loaded. */
int view_load_bus(struct context *x, sd_bus *bus, struct view *ret);

/* One a(sbs) into the providers of a view. */
int view_read_providers(sd_bus_message *m, void *view);

/* What hangs on a device, which only the privileged may ask: -EACCES leaves them unknown, and is no failure.
 */
int view_load_dependents(struct context *x, sd_bus *bus, struct device_view *d);
