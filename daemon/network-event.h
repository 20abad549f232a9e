/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel tells of its network, as far as it is a reason to ask for all of it. */
#include <stdbool.h>
#include <stddef.h>

/*
 * Whether any of the messages is about an interface, an address or a default route; true as well for bytes
 * that make no sense, since a question too many costs little. Routes to somewhere in particular, of which a
 * router has thousands, are none.
 */
bool network_event_matters(const void *messages, size_t n);
