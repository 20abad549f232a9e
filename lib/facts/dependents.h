/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What would break if a device lost its driver: mounts, swap, network interfaces and PCI devices that hang
 * on it.
 */
#include "lib/facts/guest.h"

/*
 * Fills the dependents of every device of g. Mounts and swap are followed from their block device down
 * through partitions, device mapper, md, bcache, loop devices and NVMe multipath; interfaces up
 * to what is stacked on them and to the default routes. Where the root is awaited, each storage device and
 * each PCI device may be the one with it. -ENOMEM is the only failure.
 */
int dependents_eval(const struct snapshot *s, struct guest *g);
