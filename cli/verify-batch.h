/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Much evidence: a piece a line in, a result a line out, in the same order. */
#include "cli/context.h"
#include "lib/verify/verifier.h"

/*
 * Reads lines from fd to its end and writes to stdout, a line at a time, unless the output is quiet. Each
 * line is judged by itself: one that is broken fails alone. jobs: how many processes judge. Sets x->exit:
 * failed if any line was broken, not compliant if any was not as expected.
 */
int verify_batch(struct context *x, struct verifier *v, int fd, unsigned jobs);
