/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asking the kernel for interfaces, addresses and default routes. Many kernels answer under their RTNL lock,
 * which a driver that hangs in its removal can hold: a process of its own asks, at most one at a time. Its
 * last whole answer stands until there is another one, or until whoever waits gives up on it.
 */
#include "lib/facts/snapshot.h"

#define NETWORK_PATIENCE_MS 1000 /* an answer takes milliseconds: one that has not come by then hangs */

struct network_probe;

/*
 * Prints the lines of a snapshot; runs in that process, which ends with it. 0, or what went wrong: the lines
 * do not count then.
 */
typedef int (*network_ask_t)(FILE *out, void *data);

/* The real one, through libnl-route. A dump that is interrupted is begun again, a few times. */
int network_ask_kernel(FILE *out, void *data);

/* The same over a connected socket, which it borrows. */
struct nl_sock;
int network_ask_socket(struct nl_sock *sock, FILE *out);

/* -ENOMEM. ask: network_ask_kernel but for tests. */
int network_probe_new(network_ask_t ask, void *data, struct network_probe **ret);
void network_probe_free(struct network_probe *p);
DEFINE_FREEP(struct network_probe, network_probe_free)

/* Sends the process. -EBUSY while an earlier one has not ended; else what kept it from being sent. */
int network_probe_ask(struct network_probe *p);

/* Readable when there is something for network_probe_collect(); -1 while nobody asks. Borrowed. */
int network_probe_fd(const struct network_probe *p);

/*
 * Takes what has come so far, without waiting. -EAGAIN: that is not all. 0: the process has said what it had
 * to say, and what is known now differs from what was known before, or not. -ENOMEM.
 */
int network_probe_collect(struct network_probe *p, bool *ret_changed);

/*
 * Nothing is known any longer, and the process that asks is killed. Where the kernel does not let it die,
 * its descriptor stays and becomes readable when it does.
 */
void network_probe_give_up(struct network_probe *p);

/* Whether there is an answer. */
bool network_probe_knows(const struct network_probe *p);

/* Asks unless somebody does, and waits for the answer; without one in time nothing is known. -ENOMEM. */
int network_probe_wait(struct network_probe *p);

/* Adds what is known; where that is nothing, or p is NULL, the lines say so. -ENOMEM. */
int network_probe_add(const struct network_probe *p, struct snapshot *s);
