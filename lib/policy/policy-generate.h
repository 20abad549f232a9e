/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A policy from how a guest looks: the smallest strict one under which what complies goes on working. */
#include "lib/facts/guest.h"

/*
 * Whether nothing speaks against the device: the ring of every channel is confidential, or it is of a class
 * that carries no data of the guest (timesync, heartbeat, shutdown). A passed-through PCI device never
 * complies by itself: it does its own DMA, of which the channel says nothing.
 */
bool device_complies(const struct device *d);

/*
 * The text of a policy file in enforce mode that allows exactly the devices of g that comply, with comments
 * that say why, and what is left out. Rules name classes: instances are the host's to choose. The same guest
 * gives the same text. Pure. The caller frees *ret. -ENOMEM.
 */
int policy_generate(const struct guest *g, char **ret);
