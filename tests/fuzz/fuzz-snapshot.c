/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A snapshot comes from anybody: parsed, written back, understood and redacted, whatever is in it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/facts/guest.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/facts/snapshot-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written must be read back as the same. */
static void check_round_trip(const struct snapshot *s) {
        _cleanup_(freep) char *first = NULL, *second = NULL;
        _cleanup_(snapshot_freep) struct snapshot *again = NULL;
        size_t n_first, n_second;

        if (snapshot_format(s, &first, &n_first) < 0)
                abort();
        if (snapshot_parse("again", first, n_first, &again, NULL) < 0)
                abort();
        if (snapshot_format(again, &second, &n_second) < 0)
                abort();
        if (n_first != n_second || memcmp(first, second, n_first) != 0)
                abort();
}

/* No channel may come out better than its source allows. */
static void check_guest(const struct snapshot *s) {
        _cleanup_(guest_freep) struct guest *g = NULL;

        if (guest_eval(s, &g) < 0)
                abort();
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *d = &g->devices[i];

                if (d->ring == CONFIDENTIALITY_CONFIDENTIAL &&
                        (g->vmbus_major < 6 || g->connection_confidential == TRISTATE_NO ||
                                d->source == FACT_SOURCE_NONE))
                        abort();
                for (size_t j = 0; j < d->n_channels; j++)
                        if (confidentiality_weakest(d->ring, d->channels[j].ring) != d->ring)
                                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL, *redacted = NULL;

        if (snapshot_parse("fuzz", (const char *)data, size, &s, NULL) < 0)
                return 0;
        check_round_trip(s);
        check_guest(s);
        if (snapshot_redact(s, &redacted, NULL) == 0)
                check_round_trip(redacted);
        return 0;
}
