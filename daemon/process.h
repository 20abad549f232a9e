/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes of this machine, never of a sysroot: a simulated guest runs none. */
#include <stdint.h>
#include <sys/types.h>

/* When it started, in the kernel's ticks since boot: with its number, its identity. -ESRCH when there is
 * none. */
int process_start_time(pid_t pid, uint64_t *ret);

/*
 * For a helper after fork: closes everything but standard error and these. What we hold open, nobody else
 * can take over when cvmd dies.
 */
void process_close_all_but(int a, int b, int c);
