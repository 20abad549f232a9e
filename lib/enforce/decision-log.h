/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The decisions of this boot, one line of canonical JSON each, chained: every line carries its sequence
 * number and the SHA-256 of the line before, so that a line cannot be changed, dropped or moved without
 * breaking the chain.
 */
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/diag.h"
#include "lib/base/digest.h"

#define DECISION_LOG_MAX (64 * 1024 * 1024) /* bytes: what is appended can always be read again */

struct decision_log;

struct decision_record {
        uint64_t time_usec;   /* CLOCK_REALTIME, as told by the caller */
        const char *event;    /* decision, rebound, policy, mode, by-hand, trial, start, gap */
        const char *instance; /* NULL for events of the whole guest */
        const char *class;
        const char *verdict;
        const char *rule;
        const char *reason;
        const char *policy; /* digest in force */
};

/*
 * Opens folder/decisions.log for appending and checks its chain. A last line without a newline, as a kill in
 * mid-write leaves it, is cut off and said in d; a broken chain is -EBADMSG with the line.
 */
int decision_log_open(int folder, struct decision_log **ret, struct diag *d);
void decision_log_free(struct decision_log *l);
DEFINE_FREEP(struct decision_log, decision_log_free)

/* Renames a log that cannot be opened to decisions.log.broken-N, the first N that is free. */
int decision_log_set_aside(int folder, struct diag *d);

/*
 * Whether the last line of this event about this instance says the same, whenever it was: a restart
 * must not log a decision twice. -ENOMEM, -EIO; else 0 or 1.
 */
int decision_log_repeats(const struct decision_log *l, const struct decision_record *r);

/* One write(2) of one line; one that is cut short is taken back. -EFBIG when the log is full. */
int decision_log_append(struct decision_log *l, const struct decision_record *r, struct diag *d);

uint64_t decision_log_sequence(const struct decision_log *l);  /* of the last line, 0 when empty */
struct digest decision_log_head(const struct decision_log *l); /* of the last line, all zero when empty */

/*
 * Pure: hands each entry of a log's bytes to take, in order, as far as the chain holds; name is for the
 * diag. -EBADMSG with name:line, or what take says first. The record's strings end with the call.
 */
int decision_log_read(const char *name, const char *text, size_t n,
        int (*take)(const struct decision_record *r, uint64_t sequence, void *data), void *data,
        struct diag *d);

/* Pure: checks a log's bytes; name is for the diag. -EBADMSG with name:line. */
int decision_log_verify(const char *name, const char *text, size_t n, uint64_t *ret_sequence,
        struct digest *ret_head, struct diag *d);
