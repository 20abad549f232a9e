/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making a snapshot safe to send to others. */
#include "lib/facts/snapshot.h"

/*
 * A copy in which instance GUIDs, host names, MAC addresses and serial numbers are replaced, each
 * consistently by the same stand-in wherever it occurs, paths, links and values alike; verdicts stay the
 * same.
 */
int snapshot_redact(const struct snapshot *s, struct snapshot **ret, struct diag *d);
