/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A report, those who share it, and how far each of them is: one batch at a time. */
#include "daemon/attestation-endorse.h"
#include "daemon/attestation-request.h"

struct log_reading;

/* What cvmd-attest hands over of a report. */
struct report {
        struct evidence_bytes hcl_report, td_report, ak_certificate, tsm_report;
        char *isolation;
        int fresh;
        struct chip chip;
};

/* A report, and those who share it. */
struct batch_run {
        struct attestation *attestation;
        enum provider provider;
        enum evidence_format format;
        struct request *requests[BATCH_MAX]; /* each in stage REQUEST_SHARING, answered or not */
        size_t n, at;                        /* at: whose turn it is */
        struct digest bindings[BATCH_MAX];
        uint8_t user_data[USER_DATA_SIZE];
        enum freshness wanted, freshness;
        struct report report;
        bool endorsed; /* what the network adds is there, or will not come */
        bool quoted;   /* so is what the TPM adds for the one whose turn it is */
        struct ask ask;
        struct log_reading *reading;
};

/* Whose turn it is. */
static inline struct request *batch_turn(const struct batch_run *b) {
        return b->requests[b->at];
}

/* attestation-batch.c: for all who can share a report with the first that waits. */
void batch_start(struct attestation *a, struct request *first);
void batch_free(struct batch_run *b);
/* What the network adds is there, or will not come; there may be no batch any more. */
void batch_endorsed(struct attestation *a);
/* Whoever's turn it was is done with. */
void batch_next(struct batch_run *b);

/* What the TPM adds for whoever's turn it is, is there. */
void batch_quoted(struct batch_run *b);
/* It will not come. */
void batch_fail_turn(struct batch_run *b, int r, const struct diag *d);
void batch_fail_turn_named(struct batch_run *b, const char *name, const char *text);

/* attestation-quote.c: asks for it; one of the three above follows. */
void quote_ask(struct batch_run *b);

/* attestation-finish.c: reads the logs, answers, and goes on with batch_next(). */
void finish_request(struct batch_run *b);
void log_reading_free(struct log_reading *l);
