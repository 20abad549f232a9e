/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What reading and writing the snapshot file share; nobody else includes it. */
#include <stdbool.h>

#define SNAPSHOT_HEADER "cvmd-snapshot 1"
#define SNAPSHOT_END "end"

struct snapshot_connection;

/* Whether there is anything in it to be written. */
bool snapshot_connection_known(const struct snapshot_connection *c);

/* "EINVAL" to 22, or -EBADMSG. A number without a name stands for itself: "errno-512". */
int snapshot_errno_from_name(const char *name);

#define ERRNO_NAME_SIZE 32

/* The reverse, into buffer where there is no name. */
const char *snapshot_errno_to_name(int error, char buffer[ERRNO_NAME_SIZE]);
