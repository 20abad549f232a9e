/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asking the kernel for interfaces, addresses and default routes. Many kernels answer under their RTNL lock,
 * which a driver that hangs in its removal can hold: a process of its own asks, at most one at a time, and
 * is waited for only so long.
 */
#include "lib/facts/snapshot.h"

struct network_probe;

/*
 * Prints the lines of a snapshot; runs in that process, which ends with it. 0, or what went wrong: the lines
 * do not count then.
 */
typedef int (*network_ask_t)(FILE *out, void *data);

/* The real one, through libnl-route. A dump that is interrupted is begun again, a few times. */
int network_ask_kernel(FILE *out, void *data);

/* -ENOMEM. ask: network_ask_kernel but for tests. */
int network_probe_new(network_ask_t ask, void *data, struct network_probe **ret);
void network_probe_free(struct network_probe *p);
DEFINE_FREEP(struct network_probe, network_probe_free)

/*
 * Adds what is known now. Without an answer, or while an earlier process still waits for its own, the lines
 * say that nothing is known. -ENOMEM is the only failure.
 */
int network_probe_read(struct network_probe *p, struct snapshot *s);
