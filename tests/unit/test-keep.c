/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/keep: what protects a device comes and goes, over time and restarts. */
#include "daemon/keep.h"

#include "lib/enforce/device-note.h"
#include "tests/unit/scratch.h"

#define SECOND ((uint64_t)1000 * 1000)

enum fact { GONE, FREE, PROTECTED, DOUBTFUL };

struct bench {
        struct scratch folder;
        struct keep *keep;
        struct guid instance;
        uint64_t arrived;
};

static void bench_start(struct bench *b) {
        assert_int_equal(keep_new(b->folder.fd, &b->keep, NULL), 0);
}

static struct bench bench_new(void) {
        struct bench b = { .folder = scratch_new(), .arrived = SECOND };

        b.instance.bytes[0] = 1;
        bench_start(&b);
        return b;
}

static void bench_done(struct bench *b) {
        keep_free(b->keep);
        scratch_done(&b->folder);
}

/* One look, by what the facts say of the device; whether it is protected. */
static bool look(struct bench *b, uint64_t now, enum fact fact, uint64_t *ret_next) {
        struct dependent mount = { .kind = DEPENDENT_MOUNT };
        struct device device = { .instance = b->instance };
        struct decision decision = { .action = ACTION_BLOCK };
        struct tracked tracked = { .instance = b->instance, .arrived = b->arrived };
        const struct guest g = { .devices = &device, .n_devices = fact != GONE };
        const struct evaluation e = { .decisions = &decision, .n = g.n_devices };
        const struct tracking t = { .devices = &tracked, .n = g.n_devices };
        const struct kept_protection *list;
        size_t n;

        list = keep_list(b->keep, now, &n);
        assert_non_null(list);
        assert_in_range(n, 0, 1);
        decision.protected = fact != FREE;
        decision.protected_by = fact == PROTECTED ? "root" : NULL;
        decision.dependent = fact == PROTECTED ? &mount : NULL;
        if (fact == FREE && n > 0) {
                assert_string_equal(list[0].word, "root");
                assert_int_equal(list[0].kind, DEPENDENT_MOUNT);
                decision.protected = decision.kept = true;
        }
        assert_int_equal(keep_follow(b->keep, &g, &e, &t, now, ret_next), 0);
        return decision.protected;
}

static bool is_noted(const struct bench *b) {
        _cleanup_(freep) char *text = NULL;

        return note_read(b->folder.fd, NOTE_PROTECTED, &b->instance, &text, NULL) == 0;
}

static void it_ends_when_the_facts_have_said_so_for_long(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        uint64_t next;

        assert_true(look(&b, 1 * SECOND, PROTECTED, &next));
        assert_int_equal(next, UINT64_MAX);
        assert_true(is_noted(&b));
        assert_true(look(&b, 2 * SECOND, FREE, &next));
        assert_int_equal(next, 2 * SECOND + KEEP_USEC);
        assert_true(look(&b, 3 * SECOND, FREE, &next));
        assert_int_equal(next, 2 * SECOND + KEEP_USEC);
        assert_true(look(&b, 2 * SECOND + KEEP_USEC - 1, FREE, &next));
        assert_false(look(&b, 2 * SECOND + KEEP_USEC, FREE, &next));
        assert_int_equal(next, UINT64_MAX);
        assert_false(is_noted(&b));
        assert_false(look(&b, 2 * SECOND + KEEP_USEC + 1, FREE, &next));
}

static void every_moment_of_it_begins_anew(void **state) {
        static const enum fact facts[] = { PROTECTED, DOUBTFUL };
        uint64_t next;

        for (size_t i = 0; i < 2; i++) {
                _cleanup_(bench_done) struct bench b = bench_new();
                uint64_t now = SECOND;

                assert_true(look(&b, now, PROTECTED, &next));
                for (unsigned flap = 0; flap < 10; flap++) {
                        now += KEEP_USEC / 2;
                        assert_true(look(&b, now, FREE, &next));
                        now += KEEP_USEC / 2;
                        assert_true(look(&b, now, facts[i], &next));
                        assert_int_equal(next, UINT64_MAX);
                }
        }
}

static void what_was_never_protected_by_facts_is_not_kept(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        uint64_t next;

        assert_false(look(&b, 1 * SECOND, FREE, &next));
        assert_true(look(&b, 2 * SECOND, DOUBTFUL, &next));
        assert_false(is_noted(&b));
        assert_false(look(&b, 3 * SECOND, FREE, &next));
}

static void another_device_of_that_name_is_looked_at_again(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        uint64_t next;

        assert_true(look(&b, 1 * SECOND, PROTECTED, &next));
        b.arrived = 2 * SECOND;
        (void)look(&b, 2 * SECOND, FREE, &next); /* which did not know that it is another one */
        assert_int_equal(next, 2 * SECOND);
        assert_false(look(&b, 2 * SECOND + 1, FREE, &next));
        assert_true(look(&b, 3 * SECOND, PROTECTED, &next));
        (void)look(&b, 4 * SECOND, GONE, &next);
        assert_false(is_noted(&b));
        assert_false(look(&b, 5 * SECOND, FREE, &next));
}

static void a_restart_goes_on_from_the_note(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        uint64_t next;

        assert_true(look(&b, 1 * SECOND, PROTECTED, &next));
        keep_free(b.keep);
        bench_start(&b);
        b.arrived = 9 * SECOND; /* everything is new to it */
        assert_true(look(&b, 9 * SECOND, FREE, &next));
        assert_int_equal(next, 9 * SECOND + KEEP_USEC);
        assert_false(look(&b, 9 * SECOND + KEEP_USEC, FREE, &next));
}

static void a_note_that_makes_no_sense_keeps_nothing(void **state) {
        static const char *const notes[] = { "", "mount", "mount ", "wall root", "root" };
        uint64_t next;

        for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
                _cleanup_(bench_done) struct bench b = bench_new();

                keep_free(b.keep);
                assert_int_equal(note_write(b.folder.fd, NOTE_PROTECTED, &b.instance, notes[i], NULL), 0);
                bench_start(&b);
                assert_false(is_noted(&b));
                assert_false(look(&b, SECOND, FREE, &next));
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_when_the_facts_have_said_so_for_long),
        cmocka_unit_test(every_moment_of_it_begins_anew),
        cmocka_unit_test(what_was_never_protected_by_facts_is_not_kept),
        cmocka_unit_test(another_device_of_that_name_is_looked_at_again),
        cmocka_unit_test(a_restart_goes_on_from_the_note),
        cmocka_unit_test(a_note_that_makes_no_sense_keeps_nothing),
};

RUN(tests)
