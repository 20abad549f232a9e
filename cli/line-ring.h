/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lines from one process to one other, through memory that both have: a pipe would copy each of them twice
 * more. Where a line is, is told in some other way; that it is no longer needed comes back through a pipe.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_RING_MAX ((size_t)512 * 1024) /* bytes of a line; longer ones go another way */
#define LINE_RING_LINES 64                 /* that are in it at most */

struct line_ring {
        char *bytes;  /* shared */
        int from, to; /* the pipe that lines come back through, a byte for each; -1: closed */
        uint64_t put; /* bytes put in so far, those left out at the end of the memory included */
        uint64_t starts[LINE_RING_LINES]; /* of the lines in it, the oldest first */
        size_t first, n;
        unsigned done_with; /* lines that the reader has not given back yet, and their bytes */
        size_t done_bytes;
};

/*
 * Before the processes part. -errno. Every process ends it with line_ring_done(), those that have nothing to
 * do with it at once; the one that puts lines in calls line_ring_write() first, so that it sees when the
 * other one is gone.
 */
int line_ring_init(struct line_ring *ret);
void line_ring_write(struct line_ring *r);
void line_ring_done(struct line_ring *r);

/* Whether so many bytes, at most LINE_RING_MAX, fit beside those that have not come back yet. */
bool line_ring_fits(const struct line_ring *r, size_t n);

/* Waits for lines to come back, where there are some in it: at least one. -EPIPE: the other process is gone.
 */
int line_ring_take_back(struct line_ring *r);

/*
 * Puts in n bytes, at most LINE_RING_MAX, once there is room for them, and returns where: for line_ring_at()
 * in the other process. -EPIPE: that one is gone.
 */
int line_ring_put(struct line_ring *r, const char *bytes, size_t n, size_t *ret_at);

/* Borrowed until line_ring_release() of this line, of n bytes: lines are released in the order they were put
 * in. */
const char *line_ring_at(const struct line_ring *r, size_t at);

/*
 * A quarter of the ring is given back together, for the writer is woken by it. So whoever is about to wait
 * for a line calls line_ring_give_back() first, lest both wait. -errno.
 */
int line_ring_release(struct line_ring *r, size_t n);
int line_ring_give_back(struct line_ring *r);
