/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The device classes that Linux knows (drivers/hv/channel_mgmt.c, vmbus_devs[]) and its drivers for them. */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/guid.h"

struct vmbus_class {
        const char *name; /* as policies name it */
        struct guid guid;
        const char *drivers[3]; /* that Linux has for it, NULL-terminated; the first is the candidate */
        bool kernel_allowed;    /* admitted by Linux in an isolated guest */
};

/* NULL for a class that is not in the table. */
const struct vmbus_class *vmbus_class_by_guid(const struct guid *g);
const struct vmbus_class *vmbus_class_by_name(const char *name);

/*
 * The class in a modalias: "vmbus:" and the bytes of the GUID as they lie in memory, the first three numbers
 * little-endian; print_alias_name() of drivers/hv/vmbus_drv.c. False for anything else.
 */
bool vmbus_class_of_modalias(const char *text, struct guid *ret);

/* The table in order, NULL past its end: for completion, suggestions and tests. */
const struct vmbus_class *vmbus_class_at(size_t i);
