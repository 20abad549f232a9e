/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is shown of a guest, from wherever the options say. */
#include "cli/bus-client.h"
#include "cli/view.h"

/* ret_bus: where the daemon was asked; untouched when the view was loaded offline. */
int view_load(struct context *x, sd_bus **ret_bus, struct view *ret);
