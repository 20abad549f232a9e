/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One call of GetEvidence: what it asks for, how far it is, what it will be answered. */
#include "daemon/attestation-helper.h"
#include "daemon/authz.h"
#include "lib/claims/batch.h"
#include "lib/evidence/export.h"

struct attestation;

#define REQUESTS_MAX 256          /* who wait */
#define REQUESTS_OF_USER_MAX 128  /* so that one user leaves room for others */
#define REQUESTS_OF_SENDER_MAX 16 /* of one connection */
#define REQUEST_ATTEMPTS_MAX 5    /* when decisions are made while evidence is gathered */
#define REQUEST_PATIENCE_USEC (300 * 1000 * (uint64_t)1000)

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
        REQUEST_WAITING, /* for a report */
        REQUEST_SHARING, /* one, with others */
};

struct request {
        struct attestation *attestation;
        struct request *next;
        enum request_stage stage;
        sd_bus_message *call; /* NULL: answered, or nobody waits for it any more */
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

/* attestation-request.c: takes the call over; *ret is in no list yet. -EINVAL and what is wrong. */
int request_new(struct attestation *a, sd_bus_message *call, struct request **ret, struct diag *d);
int request_set_caller(struct request *q, const struct authz_caller *caller); /* copies; -ENOMEM */
void request_free(struct request *q);
DEFINE_FREEP(struct request, request_free)

/* Answers, once; afterwards nobody waits for it. */
void request_answer(struct request *q, int memory);
void request_fail(struct request *q, int r, const struct diag *d);
void request_fail_named(struct request *q, const char *name, const char *text);
void request_forget_attempt(struct request *q);
