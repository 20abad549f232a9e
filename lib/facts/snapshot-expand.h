/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Laying a snapshot out as files again, for tests/sim and for looking around with a shell. */
#include "lib/facts/snapshot.h"

/*
 * Writes every entry below folder (which must exist and be empty: -ENOTEMPTY). Errors become links to
 * "errno:NAME" (see lib/base/sysroot-simulated.c), kernel log lines the file dev/kmsg. A path or link that
 * would lead out of folder is -EBADMSG and nothing is written.
 */
int snapshot_expand(const struct snapshot *s, int folder, struct diag *d);
