/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of the attestation know of each other:
 *   attestation-bus.c       the interface
 *   attestation-request.c   one call of GetEvidence: its arguments, its answer
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

struct tsm_entry;

/* What a provider is there for, or why it is not. */
struct provider_state {
        bool there;
        char *why;
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
        char *told; /* why there is no evidence, as the journal was told; NULL: it was not */
        bool detecting;
        struct ask describe;
        uint64_t detected_at;        /* CLOCK_MONOTONIC, 0: never */
        sd_bus_message **describing; /* who waits for that */
        size_t n_describing;
};

/* attestation.c: has q wait for a report; it may be gone afterwards. Its caller may have evidence. */
int attestation_take(struct attestation *a, struct request **q, struct diag *d);
/* A batch has ended: those of its requests that were not answered wait again. */
void attestation_batch_ended(struct attestation *a);
/* Removes those that were answered, and sees to the next batch. */
void attestation_go_on(struct attestation *a);
