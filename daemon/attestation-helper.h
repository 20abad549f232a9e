/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asking cvmd-attest and cvmd-fetch, and reading what they answer: a dictionary whose values are checked for
 * their types and sizes, and descriptors for their seals. What is inside is for those who verify.
 */
#include "daemon/bus-private.h"
#include "lib/evidence/evidence.h"

#define ATTEST_NAME "org.cvmd1.Attest"
#define ATTEST_PATH "/org/cvmd1/attest"
#define FETCH_NAME "org.cvmd1.Fetch"
#define FETCH_PATH "/org/cvmd1/fetch"

/* sd-bus's 25 s are too short for a TPM whose commands take 5 s each; these are not. */
#define REPORT_TIMEOUT_USEC (120 * 1000 * (uint64_t)1000)
#define QUOTE_TIMEOUT_USEC (120 * 1000 * (uint64_t)1000)
#define DESCRIBE_TIMEOUT_USEC (60 * 1000 * (uint64_t)1000)
#define FETCH_TIMEOUT_USEC (25 * 1000 * (uint64_t)1000) /* it needs 19 s at most */

/* One call under way. */
struct ask {
        sd_bus_slot *slot;
        uint64_t until; /* CLOCK_MONOTONIC */
        unsigned tries; /* in a row */
};

/* A call of a method of the interface that has the service's name. */
int ask_new(struct bus *b, const char *name, const char *path, const char *method, sd_bus_message **ret);

/* Sends call, and has `done` called with the answer. */
int ask_send(struct bus *b, struct ask *ask, sd_bus_message *call, uint64_t timeout_usec,
        sd_bus_message_handler_t done, void *data);

void ask_done(struct ask *ask);

enum ask_outcome {
        ASK_ANSWERED,
        ASK_ENDED, /* the service ended midway, the first time: it is worth asking again */
        ASK_FAILED,
};

struct ask_failure {
        char name[128]; /* of the error, ours */
        struct diag why;
};

/* What became of it; of a failure what a caller is to be told. The call is not under way any more. */
enum ask_outcome ask_outcome(struct ask *ask, sd_bus_message *reply, const char *service,
        struct ask_failure *ret);

/* A value of an answer, and where it belongs. */
struct answer_field {
        const char *name;
        const char *type; /* "h" and "ay": struct evidence_bytes; "s": char *, owned; "b": int; "t":
                             uint64_t; "aay": struct pcr_bank: its values in order,
                             the numbers of which are its `selected` */
        size_t offset, max;
};

/*
 * Fills `into` from an answer a{sv}; what it does not know is passed over. -EBADMSG and what is wrong, for
 * another type, size or a descriptor that is no sealed memfd. What was filled is the caller's to end, also
 * on failure.
 */
int answer_read(sd_bus_message *reply, const struct answer_field *fields, size_t n, void *into,
        struct diag *d);
