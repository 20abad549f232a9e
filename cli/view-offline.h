/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A view of what was judged offline. */
#include "cli/offline.h"
#include "cli/view.h"

/* The caller ends *ret with view_done(). -ENOMEM. */
int view_load_offline(const struct offline *o, struct view *ret);
