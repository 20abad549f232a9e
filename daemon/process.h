/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes of this machine, never of a sysroot: a simulated guest runs none. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When it started, in the kernel's ticks since boot: with its number, its identity. -ESRCH when there is
 * none. */
int process_start_time(pid_t pid, uint64_t *ret);

/* A child, and our end of a pair of sockets (SOCK_SEQPACKET) with it. */
struct process_child {
        pid_t pid;
        int pidfd, channel;
};
#define PROCESS_CHILD_NONE ((struct process_child){ .pidfd = -1, .channel = -1 })

/*
 * fork(): 1 and *ret in us; 0 in the child, with its end of the channel alone. The child does not come back
 * from here before process_let_go(), and ends if that never comes: nothing is begun that nobody watches.
 */
int process_fork(struct process_child *ret);

/* The child at the other end is watched now: its work may begin. One that was killed meanwhile is told by
 * that. */
void process_let_go(int channel);

/* Of a child that was not let go: it ends and is reaped, which takes no time. Closes what is left in *c. */
void process_abandon(struct process_child *c);

/*
 * In a new child: it becomes a helper of that name, which holds standard error and these descriptors and
 * nothing else of ours, so that one that hangs keeps neither the bus nor a lock from the next cvmd; and
 * signals are what they are for everybody, but for SIGPIPE, which is ignored: cvmd may be gone when the
 * helper is done.
 */
void process_become_helper(const char *name, const int *keep, size_t n_keep);
