/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One device on the VMBus, with its channels. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/guid.h"
#include "lib/facts/fact.h"
#include "lib/facts/vmbus-class.h"

enum ring_state { RING_UNKNOWN, RING_OPEN, RING_CLOSED };

struct channel {
        uint32_t relid;
        uint32_t sub; /* 0: the primary one */
        enum confidentiality ring, dma;
        enum fact_source source;
        enum ring_state ring_state; /* from out_mask; RING_UNKNOWN in a snapshot for decisions */
        bool flags_differ; /* the offer's flags and the channel's members: counts as not confidential */
};

enum dependent_kind {
        DEPENDENT_MOUNT = 1,
        DEPENDENT_SWAP,
        DEPENDENT_NETWORK,
        DEPENDENT_PCI,
        DEPENDENT_DRIVER,     /* of a PCI function */
        DEPENDENT_BLOCK,      /* a disk of a PCI function, whether or not something is on it */
        DEPENDENT_ADDRESSES,  /* of an interface: how many */
        DEPENDENT_ROUTE,      /* a default route */
        DEPENDENT_LAST_ROUTE, /* the same, where no other device has one */
        DEPENDENT_AWAITED,    /* in an initrd: the system to come, which may be on any storage */
        _DEPENDENT_KIND_MAX
};

/* Something that would break if the device lost its driver. */
struct dependent {
        enum dependent_kind kind;
        char *name;    /* mount point, swap device, interface, PCI address, ... */
        char *through; /* the block device, interface or PCI function that it sits on; NULL: the device */
};

struct device {
        struct guid instance, class;
        char instance_text[GUID_TEXT_SIZE]; /* the name of its folder */
        const struct vmbus_class *known;    /* NULL: a class that is not in the table */
        char *path;                         /* "sys/devices/.../<instance>" */
        uint64_t inode; /* of that folder when it was read: another object has another one; 0: not known */
        uint32_t relid;
        uint32_t vendor, device;  /* 0 when not known */
        const char *candidate;    /* the driver that its class would get; NULL: none known. Static. */
        char *driver;             /* the bound one; NULL: not bound */
        char *driver_override;    /* NULL: not read (or not there); "" when unset */
        bool hvsock;              /* flag 0x2000: a connection, not a device; ignores driver_override */
        struct channel *channels; /* sorted by relid */
        size_t n_channels;
        enum confidentiality ring, dma; /* of the weakest channel; unknown without channels */
        enum fact_source source;        /* of the channel that decided */
        struct dependent *dependents;
        size_t n_dependents;
        bool network_doubtful; /* it has interfaces, or should have, of which the kernel has not told */
        bool storage_doubtful; /* it may have disks, and what is mounted could not be read */
        bool unreadable;       /* some of what it is could not be read, which may pass */
        char *problem;         /* what could not be read or made no sense, for a person; NULL: nothing */
};

/* The name of the class if it is in the table, else its GUID. *buffer holds it then. */
const char *device_class_name(const struct device *d, char buffer[GUID_TEXT_SIZE]);

/* Whether Linux admits its class in an isolated guest. */
bool device_kernel_allowed(const struct device *d);

const char *dependent_kind_to_string(enum dependent_kind k); /* mount swap network ... */
int dependent_kind_from_string(const char *word);            /* -EBADMSG */
