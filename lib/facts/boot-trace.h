/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Offers that the kernel has traced since boot, because its command line says so:
 * trace_event=hyperv:vmbus_onoffer, or trace_instance=NAME,hyperv:vmbus_onoffer for a buffer that nothing
 * else fills. hyperv:vmbus_onoffer_rescind belongs beside it: without it a relid that was reused with other
 * flags stays unknown.
 */
#include "lib/base/sysroot.h"
#include "lib/facts/channel-trace.h"

/* The `trace` file that holds them; an instance before the main buffer. The caller frees it. -ENODATA. */
int boot_trace_find(struct sysroot *root, char **ret_path, struct diag *d);

/* As channel_trace_parse(). */
int boot_trace_read(struct sysroot *root, const char *path, struct channel_trace *ret, struct diag *d);
