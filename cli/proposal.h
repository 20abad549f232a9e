/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Handing the daemon a policy that is not in force. */
#include "cli/bus-client.h"

/*
 * Calls a method of the manager whose first argument is the files of a policy, a(sh): those of --policy,
 * then paths. What follows types is appended behind it, as sd_bus_message_append() takes it; NULL: nothing.
 * Files with an error in them are not sent: -EBADMSG with a diag and a hint.
 */
int proposal_call(struct context *x, sd_bus *bus, const char *method, char *const *paths, size_t n,
        sd_bus_message **ret_reply, const char *types, ...);
