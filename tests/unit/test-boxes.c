/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli/boxes: what goes in comes out, in pieces of any size; an end in between is told. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cli/boxes.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "tests/unit/harness.h"

struct pipes {
        int from, to;
        struct inbox in;
        struct outbox out;
};

static void set_up(struct pipes *p) {
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        *p = (struct pipes){ .from = ends[0], .to = ends[1] };
        p->in.fd = ends[0];
        p->out.fd = ends[1];
        assert_true(fcntl(p->to, F_SETPIPE_SZ, 1024 * 1024) >= 1024 * 1024);
}

static void tear_down(struct pipes *p) {
        outbox_done(&p->out);
        closep(&p->from);
        closep(&p->to);
}

static uint8_t byte_at(size_t i) {
        return (uint8_t)(i * 131 ^ i >> 8);
}

static void pieces_of_every_size_come_as_they_were_sent(void **state) {
        static const size_t sizes[] = { 0, 1, 47, INBOX_SIZE - 48, INBOX_SIZE, INBOX_SIZE + 1, 3,
                3 * INBOX_SIZE - 7, INBOX_SIZE - 1, 5 };
        static uint8_t sent[4 * INBOX_SIZE], taken[4 * INBOX_SIZE];
        struct pipes p;
        size_t at = 0;

        set_up(&p);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                for (size_t k = 0; k < sizes[i]; k++)
                        sent[k] = byte_at(at++);
                assert_int_equal(outbox_put(&p.out, sent, sizes[i]), 0);
        }
        assert_int_equal(p.out.n, at);
        assert_true(inbox_waits(&p.in)); /* nothing was written yet */
        assert_int_equal(outbox_write(&p.out), 0);
        assert_int_equal(p.out.n, 0);
        at = 0;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                assert_false(inbox_waits(&p.in));
                assert_int_equal(inbox_take(&p.in, taken, sizes[i]), 0);
                for (size_t k = 0; k < sizes[i]; k++)
                        assert_int_equal(taken[k], byte_at(at++));
        }
        assert_true(inbox_waits(&p.in));
        tear_down(&p);
}

static void from_one_box_into_the_other(void **state) {
        struct pipes a, b;
        char taken[16];

        set_up(&a);
        set_up(&b);
        assert_int_equal(file_write_fd(a.to, "one two three", 13), 0);
        assert_int_equal(outbox_put_from(&b.out, &a.in, 4), 0);
        assert_int_equal(outbox_put(&b.out, "and ", 4), 0);
        assert_int_equal(outbox_put_from(&b.out, &a.in, 3), 0);
        assert_int_equal(outbox_write(&b.out), 0);
        assert_int_equal(inbox_take(&b.in, taken, 11), 0);
        assert_memory_equal(taken, "one and two", 11);
        tear_down(&a);
        tear_down(&b);
}

static void an_end_in_between_is_told(void **state) {
        static char taken[2 * INBOX_SIZE];
        struct pipes p;

        for (size_t n = 1; n <= sizeof(taken); n += n < 8 ? 1 : INBOX_SIZE / 4 - 3) {
                set_up(&p);
                assert_int_equal(file_write_fd(p.to, taken, n - 1), 0);
                closep(&p.to);
                p.to = -1;
                assert_false(inbox_waits(&p.in)); /* an end does not wait */
                assert_int_equal(inbox_take(&p.in, taken, n), -EPIPE);
                tear_down(&p);
        }
}

static void what_fails_is_told(void **state) {
        struct pipes p;

        set_up(&p);
        assert_int_equal(outbox_put(&p.out, "text", 4), 0);
        p.out.fd = p.from;
        assert_int_equal(outbox_write(&p.out), -EBADF);
        p.in.fd = p.to;
        assert_int_equal(outbox_put_from(&p.out, &p.in, 4), -EBADF);
        assert_int_equal(p.out.n, 0);
        tear_down(&p);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_every_size_come_as_they_were_sent),
        cmocka_unit_test(from_one_box_into_the_other),
        cmocka_unit_test(an_end_in_between_is_told),
        cmocka_unit_test(what_fails_is_told),
};
RUN(tests)
