/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the benchmarks in C measure with. */
#include <stdlib.h>
#include <time.h>

/* Milliseconds of the processor's time, so that whatever else runs on the machine is not measured. */
static inline double now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline int compare_times(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

/* Sorts the times of n rounds, n being odd. */
static inline double median(double *times, size_t n) {
        qsort(times, n, sizeof(*times), compare_times);
        return times[n / 2];
}
