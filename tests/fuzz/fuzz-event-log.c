/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log, event by event, and replayed in each of its banks. */
#include "lib/format/event-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        static const enum pcr_hash banks[] = { PCR_SHA1, PCR_SHA256, PCR_SHA384, PCR_SHA512 };
        struct event_log_event e;
        struct event_log log;
        struct pcr_bank bank;

        if (event_log_open(bytes, n, &log, NULL) < 0)
                return 0;
        while (event_log_next(&log, &e, NULL) > 0)
                (void)event_log_locality(&e);
        for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
                (void)event_log_replay(bytes, n, banks[i], &bank, NULL);
        return 0;
}
