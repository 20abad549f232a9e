/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a trace file, read both as a round of the probe and as offers since boot. */
#include "lib/facts/channel-trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct channel_trace *t, enum fact_source source) {
        for (size_t i = 0; i < t->n; i++) {
                if (t->channels[i].source != source)
                        abort();
                for (size_t k = 0; k < i; k++)
                        if (t->channels[i].relid == t->channels[k].relid)
                                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        static const enum fact_source sources[] = { FACT_SOURCE_KERNEL_PROBE, FACT_SOURCE_BOOT_TRACE };

        for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
                _cleanup_(channel_trace_done) struct channel_trace t = {};

                if (channel_trace_parse((const char *)bytes, n, sources[i], &t, NULL) == 0)
                        check(&t, sources[i]);
        }
        return 0;
}
