/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a netlink socket brings: whatever it is, it is read to its end and not beyond. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "daemon/network-event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        /* what does not matter does not begin to when it is left out */
        if (!network_event_matters(data, size) && size > 0 && network_event_matters(data, 0))
                abort();
        return 0;
}
