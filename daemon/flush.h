/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * `cvmd --flush`: the decision log of this boot, which is in memory, kept on the disk as
 * /var/lib/cvmd/boots/BOOT-ID.log for the time after it. It asks no cvmd, nor does one wait for it.
 */
#include "lib/base/sysroot.h"

#define FLUSH_FOLDER "/var/lib/cvmd/boots"
#define FLUSH_BOOTS_MAX 16 /* kept: the last ones */

/*
 * Replaces what was kept of this boot by all lines that are whole, and removes the oldest boots beyond the
 * bound. state: the folder's path. 0 also when there is no log.
 */
int flush_log(struct sysroot *root, const char *state, struct diag *d);
