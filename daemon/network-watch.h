/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is known of interfaces, addresses and default routes, kept up to date: the kernel tells when one of
 * them changes, and is then asked for all of them, by a process of its own that nobody waits for. The last
 * answer stands until the next one; a kernel that does not answer makes it unknown.
 */
#include <systemd/sd-event.h>

#include "lib/facts/network-probe.h"

struct network_watch;

/*
 * Subscribes, then asks. changed: what network_watch_probe() knows is no longer what it was; called from the
 * loop. event must outlive *ret. Without a subscription nothing is ever known: the diag says why.
 */
int network_watch_new(sd_event *event, network_ask_t question, void *ask_data, void (*changed)(void *data),
        void *data, struct network_watch **ret, struct diag *d);
void network_watch_free(struct network_watch *w);
DEFINE_FREEP(struct network_watch, network_watch_free)

/* What is known now. Borrowed. */
const struct network_probe *network_watch_probe(const struct network_watch *w);

/* Before the loop runs: waits for the first answer, for as long as one may take. -ENOMEM. */
int network_watch_settle(struct network_watch *w);

/* How often the kernel was asked. */
uint64_t network_watch_asked(const struct network_watch *w);
