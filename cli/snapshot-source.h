/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a verb that needs a snapshot, and not verdicts, gets it from. */
#include "cli/context.h"
#include "lib/facts/snapshot.h"

/*
 * That of --snapshot, --root or --probe; else the daemon's; else, for root where there is no daemon, one
 * recorded here and now. -ENOTCONN with a hint when there is none.
 */
int snapshot_obtain(struct context *x, struct snapshot **ret);
