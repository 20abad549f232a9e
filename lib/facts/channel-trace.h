/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a whole trace says about the channels. */
#include <stddef.h>

#include "lib/base/diag.h"
#include "lib/facts/snapshot.h"

/* Zero-initialised is empty. */
struct channel_trace {
        struct snapshot_channel *channels; /* in no order; no relid twice */
        size_t n;
        size_t n_contradicted;                 /* relids that were seen with different answers: left out */
        struct snapshot_connection connection; /* as far as the lines agree on it */
};

void channel_trace_done(struct channel_trace *t);

/*
 * Takes the text of a `trace` file. source says whose lines count: those of the probe's event
 * (FACT_SOURCE_KERNEL_PROBE) or of offers and rescinds (FACT_SOURCE_BOOT_TRACE). -EOVERFLOW when events were
 * lost, -EBADMSG for a line of ours that is not as we know it: in either case nothing of the text can be
 * relied on, for it may be the line that contradicts another. -ENOMEM.
 */
int channel_trace_parse(const char *text, size_t n, enum fact_source source, struct channel_trace *ret,
        struct diag *d);
