/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes that pass from one process to another as a descriptor: a memfd that nobody can change any more. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

/* A memfd of that name with these n bytes and every seal, its position at the beginning. The caller closes
 * *ret. */
int sealed_new(const char *name, const void *bytes, size_t n, int *ret);

/* Seals a memfd (made with MFD_ALLOW_SEALING) as it is, and sets its position to the beginning. */
int sealed_seal(int memory);

/*
 * Reads all of a foreign descriptor, wherever its position is. Before a byte is read, it must be sealed
 * against writing, growing and shrinking and hold at most max bytes, so that reading neither hangs nor meets
 * a change: -EBADMSG and -EFBIG otherwise. `what` names it in d. The caller frees *ret, which carries a NUL
 * behind its *ret_size bytes.
 */
int sealed_read(int fd, const char *what, size_t max, uint8_t **ret, size_t *ret_size, struct diag *d);
