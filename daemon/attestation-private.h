/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of the attestation know of each other:
 *   attestation-bus.c       the interface
 *   attestation-request.c   one call of GetEvidence: its arguments, its answer
 *   attestation-caller.c    who calls, and whether that one may
 *   attestation.c           the queue: who waits, who is next, who is gone
 *   attestation-batch.c     a report, and what goes with it for those who share it
 *   attestation-finish.c    logs and the document for one of them, and the answer
 * and with headers of their own: asking the helpers (attestation-helper.c), what cvmd-fetch knows
 * (attestation-endorse.c), an entry of configfs-tsm (attestation-tsm.c), what this guest can attest with
 * (attestation-detect.c).
 */
#include "daemon/attestation-endorse.h"
#include "daemon/attestation.h"
#include "daemon/errors.h"
#include "daemon/manager-private.h"
#include "lib/claims/batch.h"
#include "lib/evidence/export.h"

#define ATTESTATION_INTERFACE "org.cvmd1.Attestation"
#define EVIDENCE_GROUP "cvm-attest"

#define REQUESTS_MAX 256           /* of those who may ask */
#define REQUESTS_OF_USER_MAX 128   /* so that one user leaves room for others */
#define REQUESTS_OF_SENDER_MAX 16  /* of one connection */
#define REQUESTS_UNCHECKED_MAX 512 /* of whom it is not known yet */
#define REQUEST_ATTEMPTS_MAX 5     /* when decisions are made while evidence is gathered */
#define REQUEST_PATIENCE_USEC (300 * 1000 * (uint64_t)1000)

struct log_reading;

enum provider {
        PROVIDER_UNSET, /* whichever there is */
        PROVIDER_VTPM,
        PROVIDER_TSM,
        _PROVIDER_MAX,
};
const char *provider_to_string(enum provider p);
int provider_from_string(const char *word); /* -EBADMSG */

/* What the TPM says for one request. */
struct request_quote {
        struct evidence_bytes record, message, signature;
        struct pcr_bank pcrs;
        struct evidence_bytes key, key_info, key_signature, ak_public; /* format maa alone */
};

enum request_stage {
        REQUEST_UNCHECKED, /* the bus is asked who it is */
        REQUEST_WAITING,   /* for a report */
        REQUEST_SHARING,   /* one, with others */
};

struct request {
        struct attestation *attestation;
        struct request *next;
        enum request_stage stage;
        sd_bus_message *call; /* NULL: answered, or nobody waits for it any more */
        sd_bus_slot *asking;  /* who it is */
        sd_event_source *patience;
        uint32_t uid;
        char *unit;
        unsigned attempts;

        /* what is asked for */
        uint8_t nonce[NONCE_MAX], bind[BIND_MAX];
        size_t n_nonce, n_bind;
        enum provider provider;
        enum evidence_format format;
        enum freshness freshness;
        uint32_t pcrs;
        unsigned logs;      /* bits of enum evidence_log */
        bool logs_if_there; /* they were not asked for by name */

        /* what is said in this attempt */
        char *claims;
        uint64_t log_sequence;
        struct request_quote quote;
        struct evidence_bytes log_bytes[_EVIDENCE_LOG_MAX];
};

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
        bool detecting;
        struct ask describe;
        uint64_t detected_at;        /* CLOCK_MONOTONIC, 0: never */
        sd_bus_message **describing; /* who waits for that */
        size_t n_describing;
        int64_t group; /* -1: there is no such group, as far as is known */
};

/* attestation-request.c: takes the call over; *ret is in no list yet. -EINVAL and what is wrong. */
int request_new(struct attestation *a, sd_bus_message *call, struct request **ret, struct diag *d);
void request_free(struct request *q);
DEFINE_FREEP(struct request, request_free)

/* Answers, once; afterwards nobody waits for it. */
void request_answer(struct request *q, int memory);
void request_fail(struct request *q, int r, const struct diag *d);
void request_fail_named(struct request *q, const char *name, const char *text);
void request_forget_attempt(struct request *q);

/* attestation-caller.c: asks the bus about the caller; attestation_checked() follows. */
int caller_check(struct request *q);

/* attestation.c */
int attestation_take(struct attestation *a, sd_bus_message *call, struct diag *d);
/* r: 0 when the caller may have evidence. The request may be gone afterwards. */
void attestation_checked(struct request *q, int r, const struct diag *d);
/* A batch has ended: those of its requests that were not answered wait again. */
void attestation_batch_ended(struct attestation *a);
/* Removes those that were answered, and sees to the next batch. */
void attestation_go_on(struct attestation *a);

int attestation_watch_callers(struct attestation *a);

/* attestation-batch.c: for all who can share a report with the first that waits. */
void batch_start(struct attestation *a, struct request *first);
void batch_free(struct batch_run *b);
/* What the network adds is there, or will not come; there may be no batch any more. */
void batch_endorsed(struct attestation *a);
/* Whoever's turn it was is done with. */
void batch_next(struct batch_run *b);

/* attestation-finish.c: reads the logs, answers, and goes on with batch_next(). */
void finish_request(struct batch_run *b);
void log_reading_free(struct log_reading *l);
