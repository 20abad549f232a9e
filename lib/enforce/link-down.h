/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Taking network links down, before their device loses its driver: what uses them learns of it as of any
 * link that goes, and nothing is sent while the driver is being removed. Can hang on the kernel's locks:
 * only in a helper process.
 */
#include "lib/base/sysroot.h"

/*
 * All links of the device in that folder, and of the PCI functions behind it; then the re-read. Tries each
 * of them, and says of the first that is up still. A link that goes meanwhile is none any more. On a root
 * that is not the running system the flags are written where they are read, in the link's folder.
 */
int links_down(struct sysroot *root, const char *device, struct diag *d);

/* One link of the running system. */
int link_set_down(int ifindex, struct diag *d);
