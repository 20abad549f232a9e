/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Listening sockets that do not block, on the loopback interface and in the file system. */
#include <stdint.h>

#include "lib/base/diag.h"

/* *port 0: any; it is set to the one that it is. -EADDRINUSE. */
int listen_loopback(uint16_t *port, int *ret, struct diag *d);

int listen_path(const char *path, int *ret, struct diag *d);

/* The next connection, which does not block. -EAGAIN. */
int listen_accept(int fd);
