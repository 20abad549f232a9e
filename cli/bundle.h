/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What belongs together to look at a guest elsewhere, in a folder: its snapshot, its policy as one file, and
 * its decision log.
 */
#include "cli/context.h"
#include "lib/facts/snapshot.h"

#define BUNDLE_SNAPSHOT "guest.snapshot"
#define BUNDLE_POLICY "policy.json"
#define BUNDLE_LOG "decisions.log" /* as lib/enforce/decision-log names it */

/*
 * Writes s, the policy of --policy (else the one in force here) and the log of --log into the folder of
 * --bundle, which must be empty or new. With --redact all of them are redacted together, and the copy is
 * written only if it decides the same as the original. -ENOTEMPTY.
 */
int bundle_write(struct context *x, const struct snapshot *s);
