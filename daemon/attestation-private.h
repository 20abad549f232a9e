/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of the attestation know of each other:
 *   attestation-bus.c       the interface
 *   attestation-request.c   one call of GetEvidence: its arguments, its answer
 *   attestation-caller.c    who calls, and whether that one may
 *   attestation.c           the queue: who waits, who is next, who is gone
 *   attestation-batch.c     a report, and those who share it
 *   attestation-quote.c     what the TPM adds for one of them
 *   attestation-finish.c    logs and the document for one of them, and the answer
 * and with headers of their own: asking the helpers (attestation-helper.c), what cvmd-fetch knows
 * (attestation-endorse.c), an entry of configfs-tsm (attestation-tsm.c), what this guest can attest with
 * (attestation-detect.c).
 */
#include "daemon/attestation-batch.h"
#include "daemon/attestation.h"
#include "daemon/errors.h"
#include "daemon/manager-private.h"

#define ATTESTATION_INTERFACE "org.cvmd1.Attestation"
#define EVIDENCE_GROUP "cvm-attest"

struct tsm_entry;

/* What a provider is there for, or why it is not. */
struct provider_state {
        bool there;
        char *why;
};

#define KNOWN_CALLERS 16

/* A connection that may have evidence: what the bus says of it does not change, nor is its name used again.
 */
struct known_caller {
        char *name, *unit;
        uint32_t uid;
};

struct attestation {
        struct bus *bus;
        struct sysroot *root;
        uint64_t window_usec;
        struct request *requests; /* in the order in which they came */
        struct batch_run *batch;  /* NULL: none is under way */
        sd_event_source *next_batch;
        uint64_t reported_at; /* the last report that was new; CLOCK_MONOTONIC, 0: none */
        struct endorsing *endorsing;
        struct tsm_entry *tsm; /* NULL: none is open */
        struct provider_state providers[_PROVIDER_MAX];
        bool detecting;
        struct ask describe;
        uint64_t detected_at;        /* CLOCK_MONOTONIC, 0: never */
        sd_bus_message **describing; /* who waits for that */
        size_t n_describing;
        struct known_caller known[KNOWN_CALLERS]; /* who may; the oldest one is `oldest` */
        unsigned oldest;
        int64_t group; /* -1: there is no such group, as far as is known */
};

/* attestation.c */
int attestation_take(struct attestation *a, sd_bus_message *call, struct diag *d);
/* r: 0 when the caller may have evidence. The request may be gone afterwards. */
void attestation_checked(struct request *q, int r, const struct diag *d);
/* A batch has ended: those of its requests that were not answered wait again. */
void attestation_batch_ended(struct attestation *a);
/* Removes those that were answered, and sees to the next batch. */
void attestation_go_on(struct attestation *a);

int attestation_watch_callers(struct attestation *a);
