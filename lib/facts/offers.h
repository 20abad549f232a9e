/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When the host offered what: the lines of a trace of offers, by relid. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/guid.h"

struct offer {
        uint32_t relid;
        struct guid instance;
        uint64_t usec; /* by the clock of the trace */
};

/* Zero-initialised is empty. */
struct offers {
        struct offer *all; /* the last offer of each relid that was not rescinded since */
        size_t n;
};

void offers_done(struct offers *o);

/*
 * Takes the lines that follow those before. What lost lines may have told makes all before them doubtful, so
 * that is forgotten. -EBADMSG for a line that is not as we know it: all is forgotten then. -ENOMEM.
 */
int offers_take(struct offers *o, const char *text, size_t n, struct diag *d);

/* The time of the offer that made this device; 0 when it is not known. */
uint64_t offers_find(const struct offers *o, uint32_t relid, const struct guid *instance);
