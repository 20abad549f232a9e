/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only the writer keeps account of what is in use, so nothing but the bytes has to be shared. */
#include "cli/line-ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define RING_SIZE \
        (2 * LINE_RING_MAX) /* wherever a line of that size has to begin, it fits once all are out */

int line_ring_init(struct line_ring *ret) {
        int ends[2];
        char *bytes = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (bytes == MAP_FAILED)
                return -errno;
        if (pipe2(ends, O_CLOEXEC) < 0) {
                int r = -errno;

                munmap(bytes, RING_SIZE);
                return r;
        }
        *ret = (struct line_ring){ .bytes = bytes, .from = ends[0], .to = ends[1] };
        return 0;
}

static void close_end(int *fd) {
        closep(fd);
        *fd = -1;
}

/* The other process keeps both ends: it never meets a broken pipe when this one has put in its last line. */
void line_ring_write(struct line_ring *r) {
        close_end(&r->to);
}

void line_ring_done(struct line_ring *r) {
        close_end(&r->from);
        close_end(&r->to);
        if (r->bytes)
                munmap(r->bytes, RING_SIZE);
        r->bytes = NULL;
}

int line_ring_take_back(struct line_ring *r) {
        char back[LINE_RING_LINES];
        ssize_t n;

        n = file_read_some(r->from, back, r->n);
        if (n <= 0)
                return n < 0 ? (int)n : -EPIPE;
        r->first = (r->first + (size_t)n) % LINE_RING_LINES;
        r->n -= (size_t)n;
        return 0;
}

/* Where n bytes begin, in one piece; counted like what was put in. */
static uint64_t start_of(const struct line_ring *r, size_t n) {
        uint64_t left = RING_SIZE - r->put % RING_SIZE;

        return left < n ? r->put + left : r->put;
}

bool line_ring_fits(const struct line_ring *r, size_t n) {
        return r->n == 0 ||
                (r->n < LINE_RING_LINES && start_of(r, n) + n - r->starts[r->first] <= RING_SIZE);
}

int line_ring_put(struct line_ring *r, const char *bytes, size_t n, size_t *ret_at) {
        uint64_t start = start_of(r, n);

        if (n > LINE_RING_MAX)
                return -EMSGSIZE;
        while (!line_ring_fits(r, n)) {
                int result = line_ring_take_back(r);

                if (result < 0)
                        return result;
        }
        memcpy(r->bytes + start % RING_SIZE, bytes, n);
        r->starts[(r->first + r->n++) % LINE_RING_LINES] = start;
        r->put = start + n;
        *ret_at = (size_t)(start % RING_SIZE);
        return 0;
}

const char *line_ring_at(const struct line_ring *r, size_t at) {
        return r->bytes + at;
}

int line_ring_give_back(struct line_ring *r) {
        static const char back[LINE_RING_LINES];
        unsigned n = r->done_with;

        r->done_with = 0;
        r->done_bytes = 0;
        return n > 0 ? file_write_fd(r->to, back, n) : 0;
}

int line_ring_release(struct line_ring *r, size_t n) {
        r->done_with++;
        r->done_bytes += n;
        return r->done_with >= LINE_RING_LINES / 4 || r->done_bytes >= RING_SIZE / 4 ? line_ring_give_back(r)
                                                                                     : 0;
}
