/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The device classes that Linux knows (drivers/hv/channel_mgmt.c, vmbus_devs[]) and what they carry. */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/guid.h"

enum vmbus_data {
        VMBUS_DATA_UNKNOWN,
        VMBUS_DATA_PAYLOAD,     /* disk and network contents */
        VMBUS_DATA_SETUP,       /* pci: the device behind it does its own DMA */
        VMBUS_DATA_CONTROL,     /* time, heartbeat, shutdown */
        VMBUS_DATA_INTEGRATION, /* host services: kvp, vss, fcopy, ... */
        VMBUS_DATA_SCREEN,
        VMBUS_DATA_INPUT,
        VMBUS_DATA_MEMORY,
        _VMBUS_DATA_MAX,
};

struct vmbus_class {
        const char *name; /* as policies name it */
        struct guid guid;
        const char *drivers[3]; /* that Linux has for it, NULL-terminated; the first is the candidate */
        bool kernel_allowed;    /* admitted by Linux in an isolated guest */
        enum vmbus_data data;
};

/* NULL for a class that is not in the table. */
const struct vmbus_class *vmbus_class_by_guid(const struct guid *g);
const struct vmbus_class *vmbus_class_by_name(const char *name);

/* The table in order, NULL past its end: for completion, suggestions and tests. */
const struct vmbus_class *vmbus_class_at(size_t i);

const char *vmbus_data_to_string(enum vmbus_data d);
