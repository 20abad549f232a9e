/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anybody may write to a uevent socket; the sender is checked, and what passes is parsed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/uevent-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct uevent e;

        if (uevent_message_parse(data, size, &e, NULL) < 0)
                return 0;
        /* what was taken must say the same as its header, in place */
        if ((const uint8_t *)e.devpath < data || (const uint8_t *)e.devpath >= data + size)
                abort();
        if (strcmp(strchr((const char *)data, '@') + 1, e.devpath) != 0)
                abort();
        return 0;
}
