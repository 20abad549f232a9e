/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A file that a user names, read whole: of any kind that ends, a pipe or "-" for stdin among them. */
#include <stddef.h>

#include "lib/base/diag.h"

/*
 * At most max bytes: a file that is larger is refused before it is read, a pipe as soon as it has said more.
 * Folders and devices are refused. The caller frees *ret, which carries a NUL behind its *ret_size bytes.
 */
int input_read(const char *name, size_t max, char **ret, size_t *ret_size, struct diag *d);

/* A descriptor for the same kinds of file, for what is read piece by piece. The caller closes *ret. */
int input_open(const char *name, int *ret, struct diag *d);
