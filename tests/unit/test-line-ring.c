/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli/line-ring: lines of any size arrive as they were sent, and nobody waits for one who is gone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/line-ring.h"
#include "lib/base/file.h"
#include "tests/unit/harness.h"

#define LINES 3000

struct told {
        size_t at, n;
        uint8_t letter;
};

/* Mostly short, some of the largest, none of a size that fits a round number of times. */
static size_t size_of(unsigned i) {
        return i % 97 == 0 ? LINE_RING_MAX : i % 13 == 0 ? 100003 + i : (i * 7919) % 30011;
}

static bool is_as_sent(const struct line_ring *ring, const struct told *t) {
        const char *bytes = line_ring_at(ring, t->at);

        for (size_t i = 0; i < t->n; i++)
                if ((uint8_t)bytes[i] != t->letter)
                        return false;
        return true;
}

static void read_all(struct line_ring *ring, int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct told t;

        while (read(fd, &t, sizeof(t)) == sizeof(t)) {
                if (!is_as_sent(ring, &t) || line_ring_release(ring, t.n) < 0)
                        _exit(1);
                if (poll(&p, 1, 0) == 0 && line_ring_give_back(ring) < 0)
                        _exit(1);
        }
        _exit(0);
}

static void lines_arrive_as_they_were_sent(void **state) {
        static char line[LINE_RING_MAX];
        struct line_ring ring;
        int ends[2], status;
        pid_t reader;

        assert_int_equal(line_ring_init(&ring), 0);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        reader = fork();
        if (reader == 0) {
                close(ends[1]);
                read_all(&ring, ends[0]);
        }
        close(ends[0]);
        line_ring_write(&ring);
        for (unsigned i = 0; i < LINES; i++) {
                struct told t = { .n = size_of(i), .letter = (uint8_t)i };

                memset(line, t.letter, t.n);
                assert_int_equal(line_ring_put(&ring, line, t.n, &t.at), 0);
                assert_int_equal(file_write_fd(ends[1], &t, sizeof(t)), 0);
        }
        close(ends[1]);
        assert_int_equal(waitpid(reader, &status, 0), reader);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        line_ring_done(&ring);
}

static void a_reader_that_is_gone_is_noticed(void **state) {
        struct line_ring ring;
        size_t at, n = 0;
        int r;

        assert_int_equal(line_ring_init(&ring), 0);
        line_ring_write(&ring); /* the only other end was ours */
        while ((r = line_ring_put(&ring, "line", 4, &at)) == 0)
                n++;
        assert_int_equal(r, -EPIPE);
        assert_int_equal(n, LINE_RING_LINES);
        line_ring_done(&ring);
}

static void what_fits_is_known(void **state) {
        static const char line[LINE_RING_MAX];
        struct line_ring ring;
        size_t at;

        assert_int_equal(line_ring_init(&ring), 0);
        for (unsigned i = 0; i < LINE_RING_LINES; i++) {
                assert_true(line_ring_fits(&ring, 1));
                assert_int_equal(line_ring_put(&ring, line, 1, &at), 0);
        }
        assert_false(line_ring_fits(&ring, 1));
        for (unsigned i = 0; i < LINE_RING_LINES; i++)
                assert_int_equal(line_ring_release(&ring, 1), 0);
        while (ring.n > 0)
                assert_int_equal(line_ring_take_back(&ring), 0);
        /* nothing is in it, and the largest fits twice, if only from the beginning */
        assert_true(line_ring_fits(&ring, LINE_RING_MAX));
        assert_int_equal(line_ring_put(&ring, line, LINE_RING_MAX, &at), 0);
        assert_int_equal(at, LINE_RING_LINES);
        assert_false(line_ring_fits(&ring, LINE_RING_MAX));
        assert_true(line_ring_fits(&ring, LINE_RING_MAX - LINE_RING_LINES));
        line_ring_done(&ring);
}

static bool has_come_back(const struct line_ring *ring) {
        struct pollfd p = { .fd = ring->from, .events = POLLIN };

        return poll(&p, 1, 0) > 0;
}

static void lines_are_given_back_together(void **state) {
        struct line_ring ring;

        assert_int_equal(line_ring_init(&ring), 0);
        for (unsigned i = 1; i < LINE_RING_LINES / 4; i++)
                assert_int_equal(line_ring_release(&ring, 1), 0);
        assert_false(has_come_back(&ring));
        assert_int_equal(line_ring_release(&ring, 1), 0);
        assert_true(has_come_back(&ring));
        line_ring_done(&ring);
}

static void large_lines_are_given_back_at_once(void **state) {
        struct line_ring ring;

        assert_int_equal(line_ring_init(&ring), 0);
        assert_int_equal(line_ring_release(&ring, LINE_RING_MAX), 0);
        assert_true(has_come_back(&ring));
        line_ring_done(&ring);
}

static void whoever_is_about_to_wait_gives_back(void **state) {
        struct line_ring ring;

        assert_int_equal(line_ring_init(&ring), 0);
        assert_int_equal(line_ring_give_back(&ring), 0);
        assert_false(has_come_back(&ring));
        assert_int_equal(line_ring_release(&ring, 1), 0);
        assert_int_equal(line_ring_give_back(&ring), 0);
        assert_true(has_come_back(&ring));
        line_ring_done(&ring);
}

static void larger_lines_are_refused(void **state) {
        static const char line[LINE_RING_MAX + 1];
        struct line_ring ring;
        size_t at = 42;

        assert_int_equal(line_ring_init(&ring), 0);
        assert_int_equal(line_ring_put(&ring, line, sizeof(line), &at), -EMSGSIZE);
        assert_int_equal(at, 42);
        assert_int_equal(line_ring_put(&ring, line, LINE_RING_MAX, &at), 0);
        assert_int_equal(at, 0);
        line_ring_done(&ring);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_as_they_were_sent),
        cmocka_unit_test(a_reader_that_is_gone_is_noticed),
        cmocka_unit_test(what_fits_is_known),
        cmocka_unit_test(lines_are_given_back_together),
        cmocka_unit_test(large_lines_are_given_back_at_once),
        cmocka_unit_test(whoever_is_about_to_wait_gives_back),
        cmocka_unit_test(larger_lines_are_refused),
};
RUN(tests)
