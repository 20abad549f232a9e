/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Metrics as a file (metrics-text.h), metrics/cvmd.prom in the state folder, for the textfile collector of a
 * node exporter. It is replaced whole within a second after something is new, and every 15 seconds for what
 * only counts; readable by everybody, as far as the state folder lets them pass. It is there as long as this
 * is.
 */
#include <systemd/sd-event.h>

#include "daemon/manager.h"

#define METRICS_FOLDER "metrics"
#define METRICS_FILE "cvmd.prom"

struct metrics;

/* Observes the manager, which is borrowed as event is. What cannot be written is told once, and no failure.
 */
int metrics_new(const struct state *state, sd_event *event, struct manager *m, struct metrics **ret,
        struct diag *d);
void metrics_free(struct metrics *m);
DEFINE_FREEP(struct metrics, metrics_free)
