/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Learning that a file system was mounted or unmounted, or that swap was switched on or off. */
#include <systemd/sd-event.h>

#include "lib/base/sysroot.h"

struct mount_watch;

/*
 * changed is called from the loop. A guest that is laid out as files has nothing to wait for, and is not
 * watched. root and event must outlive *ret. -ENOMEM, or what the event loop says.
 */
int mount_watch_new(struct sysroot *root, sd_event *event, void (*changed)(void *data), void *data,
        struct mount_watch **ret);
void mount_watch_free(struct mount_watch *w);

/* The tables are about to be read: what changes from now on is a change since then. */
void mount_watch_begin(struct mount_watch *w);

/* Whether they are as they were read then, for certain: so never where they cannot be watched. */
bool mount_watch_holds(struct mount_watch *w);

DEFINE_FREEP(struct mount_watch, mount_watch_free)
