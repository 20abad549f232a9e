/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A decision log comes from an earlier run, or from somebody who wants it verified. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/enforce/decision-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct digest zero = {};
        struct digest head;
        uint64_t sequence;

        if (decision_log_verify("fuzz", (const char *)data, size, &sequence, &head, NULL) < 0)
                return 0;
        /* a log without lines has no head, and one with lines ends in a whole one */
        if ((size == 0) != (sequence == 0) || (size == 0) != (memcmp(&head, &zero, sizeof(head)) == 0))
                abort();
        if (size > 0 && data[size - 1] != '\n')
                abort();
        return 0;
}
