/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's log, replayed. */
#include "lib/format/systemd-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct pcr_bank bank = { .hash = PCR_SHA256 };

        (void)systemd_log_replay(bytes, n, &bank, NULL);
        return 0;
}
