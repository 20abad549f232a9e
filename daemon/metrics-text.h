/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd counts, in the text format of OpenMetrics 1.0, of which only what Prometheus' older text format
 * reads as well: gauges, counters and histograms. cvmd(8) lists the names. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "daemon/manager.h"

#define METRICS_BUCKETS 7 /* below which a time is counted, in metrics-text.c; without the last one */

/* Times for which devices were exposed, each counted once it has ended. Zero-initialised is empty. */
struct metrics_exposures {
        uint64_t buckets[METRICS_BUCKETS];
        uint64_t n, sum_usec;
};

void metrics_expose(struct metrics_exposures *e, uint64_t usec);

/* What ended between two pictures; of the first one nothing is known to have. before: or NULL. */
void metrics_compare(struct metrics_exposures *e, const struct picture *before, const struct picture *after);

/* The caller frees *ret. -ENOMEM. */
int metrics_format(const struct picture *p, const struct manager_counters *counters,
        const struct metrics_exposures *exposures, char **ret, size_t *ret_n);
