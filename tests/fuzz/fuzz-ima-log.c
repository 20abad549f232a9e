/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IMA's log, entry by entry, and replayed. */
#include "lib/format/ima-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct pcr_bank bank = { .hash = PCR_SHA256 };
        struct ima_log_entry e;
        struct ima_log log;

        if (ima_log_open(bytes, n, &log, NULL) < 0)
                return 0;
        while (ima_log_next(&log, &e, NULL) > 0)
                ;
        (void)ima_log_replay(bytes, n, &bank, NULL);
        return 0;
}
