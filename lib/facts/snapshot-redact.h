/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making a snapshot safe to send to others. */
#include "lib/facts/redaction.h"
#include "lib/facts/snapshot.h"

/*
 * A copy in which instance GUIDs and other UUIDs, the host name, MAC and IP addresses, uncommon mount
 * points, files, names of mappings and kernel arguments that are not common to guests are replaced, each
 * consistently by the same stand-in wherever it occurs, paths, links and values alike; verdicts stay the
 * same. What the kernel names, and its release, stay.
 */
int snapshot_redact(const struct snapshot *s, struct snapshot **ret, struct diag *d);

/*
 * The same in steps, for texts that go along with a snapshot: learn from the snapshot, then
 * redaction_learn() each text, settle, then apply to each.
 */
int snapshot_redact_learn(const struct snapshot *s, struct redaction *r);
/* The stand-in of a place where something is mounted. -ENOMEM. */
int snapshot_redact_mount(const struct snapshot *s, const char *where, char **ret);

int snapshot_redact_apply(const struct snapshot *s, const struct redaction *r, struct snapshot **ret,
        struct diag *d);
