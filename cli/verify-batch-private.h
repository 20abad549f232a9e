/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of a batch know of each other:
 *   verify-batch.c   a line and its result
 *   verify-jobs.c    the processes among which lines are shared out
 */
#include "cli/context.h"
#include "cli/lines.h"
#include "lib/base/json-text.h"
#include "lib/verify/verifier.h"

enum outcome { OUTCOME_GOOD = 1, OUTCOME_REFUSED, OUTCOME_BROKEN };

struct batch_run {
        struct context *x;
        struct verifier *verifier;
        struct verification *verification;
        struct json_text text; /* of one result */
        uint64_t n_lines;      /* whose result was counted */
};

struct batch_line {
        uint64_t number; /* from 1 */
        size_t size;     /* 0 where it is too long */
        bool too_long;
};

/* verify-batch.c: 1 with a line in *ret, its bytes borrowed until the next; 0 at the end; -errno. */
int batch_next(struct lines *lines, struct batch_line *ret, const char **ret_bytes);

/* Judges one line into run->text, with a newline. */
enum outcome batch_judge(struct batch_run *run, const struct batch_line *line, const char *bytes);

void batch_count(struct batch_run *run, enum outcome outcome);

/* verify-jobs.c: all lines of fd, judged by so many processes. */
int batch_run_jobs(struct batch_run *run, int fd, unsigned jobs);
