/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes of this machine, never of a sysroot: a simulated guest runs none. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When it started, in the kernel's ticks since boot: with its number, its identity. -ESRCH when there is
 * none. */
int process_start_time(pid_t pid, uint64_t *ret);

/*
 * In a new child: it becomes a helper of that name, which holds standard error and these descriptors and
 * nothing else of ours, so that one that hangs keeps neither the bus nor a lock from the next cvmd; and
 * signals are what they are for everybody, but for SIGPIPE, which is ignored: cvmd may be gone when the
 * helper is done.
 */
void process_become_helper(const char *name, const int *keep, size_t n_keep);
