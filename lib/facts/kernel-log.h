/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's own messages about the VMBus and the isolation, followed through one descriptor. */
#include <stddef.h>

struct kernel_log {
        int fd; /* /dev/kmsg, non-blocking; borrowed, and its position is ours */
        char **lines;
        size_t n;
};

#define KERNEL_LOG_NONE ((struct kernel_log){ .fd = -1 })

/* From the first record that there still is, whoever read it before. 0 or -errno. */
int kernel_log_init(struct kernel_log *log, int fd);
void kernel_log_done(struct kernel_log *log);

/*
 * Keeps what came since the last call, of a bounded number of messages the first: a host can make the kernel
 * write one for each of its offers. -ENOMEM, or what read(2) says; then the rest may come later.
 */
int kernel_log_follow(struct kernel_log *log);

/* The same for a message that was read otherwise. -ENOMEM. */
int kernel_log_keep(struct kernel_log *log, const char *message);
