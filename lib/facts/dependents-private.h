/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of dependents_eval() share; nobody else includes it. */
#include "lib/facts/guest-private.h"

/* Adds what is not there yet; through may be NULL. -ENOMEM. */
int dependent_add(struct device *d, enum dependent_kind kind, const char *name, const char *through);

/* PCI functions behind hv_pci, with their drivers, disks and interfaces. */
int dependents_eval_pci(const struct snapshot *s, struct guest *g);

/*
 * Interfaces of the devices themselves; and, of all interfaces that hang on devices, what is stacked on
 * them, how many addresses they have, and the default routes that lead there.
 */
int dependents_eval_network(const struct snapshot *s, struct guest *g);
