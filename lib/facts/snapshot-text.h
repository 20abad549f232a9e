/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The snapshot file: `cvmd-snapshot 1` and typed lines (cvmd.snapshot format, see ARCHITECTURE.md). */
#include "lib/facts/snapshot.h"

#define SNAPSHOT_TEXT_MAX (64 * 1024 * 1024)

/* The caller frees *ret. -ENOMEM. The same snapshot always gives the same bytes. */
int snapshot_format(const struct snapshot *s, char **ret, size_t *ret_size);

/* name is for the diag, which says name:line: what. -EBADMSG. What format writes, parse reads back equal. */
int snapshot_parse(const char *name, const char *text, size_t n, struct snapshot **ret, struct diag *d);
