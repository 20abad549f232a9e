/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a device; guest.c makes devices from a snapshot. */
#include "lib/facts/vmbus-device.h"

#include "lib/base/name-table.h"

static const char *const dependent_kinds[] = {
        [DEPENDENT_MOUNT] = "mount",
        [DEPENDENT_SWAP] = "swap",
        [DEPENDENT_NETWORK] = "network",
        [DEPENDENT_PCI] = "pci",
        [DEPENDENT_DRIVER] = "driver",
        [DEPENDENT_BLOCK] = "block",
        [DEPENDENT_ADDRESSES] = "addresses",
        [DEPENDENT_ROUTE] = "route",
        [DEPENDENT_LAST_ROUTE] = "last-route",
        [DEPENDENT_AWAITED] = "awaited-root",
};
_Static_assert(N_NAMES(dependent_kinds) == _DEPENDENT_KIND_MAX, "every kind of dependent has a name");

const char *device_class_name(const struct device *d, char buffer[GUID_TEXT_SIZE]) {
        if (d->known)
                return d->known->name;
        guid_format(&d->class, buffer);
        return buffer;
}

bool device_kernel_allowed(const struct device *d) {
        return d->hvsock || (d->known && d->known->kernel_allowed);
}

const char *dependent_kind_to_string(enum dependent_kind k) {
        return name_of(dependent_kinds, N_NAMES(dependent_kinds), k);
}

int dependent_kind_from_string(const char *word) {
        return name_find(dependent_kinds, N_NAMES(dependent_kinds), word);
}
