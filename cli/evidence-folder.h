/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bundle taken apart: a folder with one file a record, as tools for single formats want them. */
#include <stddef.h>

#include "lib/base/diag.h"

/*
 * Makes the folder, whole or not at all; one that is there must be empty. -EBADMSG for what is no bundle,
 * -EEXIST.
 */
int evidence_folder_write(const char *folder, const char *bundle, size_t n, struct diag *d);
