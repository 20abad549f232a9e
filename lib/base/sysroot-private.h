/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kinds of sysroot share; nobody else includes it. */
#include "lib/base/sysroot.h"

/* openat2() below root->fd, confined to it; EAGAIN retried. */
int sysroot_open_in(struct sysroot *root, const char *path, int flags);

/* A descriptor for the folder itself, or a negative errno and a diag. */
int sysroot_open_folder(const char *folder, struct diag *d);
