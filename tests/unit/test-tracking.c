/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/tracking: devices that come, go, and come again under the same name; back-off and arrival. */
#include <errno.h>

#include "daemon/tracking.h"
#include "tests/unit/scratch.h"

#define A "00000000-0000-1000-2000-000d3a00000a"
#define B "00000000-0000-1000-2000-000d3a00000b"
#define C "00000000-0000-1000-2000-000d3a00000c"

struct bench {
        struct scratch folder;
        struct tracking tracking;
};

static struct bench bench_new(void) {
        return (struct bench){ .folder = scratch_new() };
}

static void bench_done(struct bench *b) {
        tracking_done(&b->tracking);
        scratch_done(&b->folder);
}

static struct device device(const char *instance, uint32_t relid) {
        struct device d = { .relid = relid, .path = (char *)instance };

        assert_int_equal(guid_parse(instance, &d.instance), 0);
        return d;
}

static void follow(struct bench *b, struct device *devices, size_t n, uint64_t now) {
        const struct guest g = { .devices = devices, .n_devices = n };

        assert_int_equal(tracking_follow(&b->tracking, &g, NULL, b->folder.fd, now), 0);
        assert_int_equal(b->tracking.n, n);
        for (size_t i = 0; i < n; i++)
                assert_true(guid_equal(&b->tracking.devices[i].instance, &devices[i].instance));
}

static void note(struct bench *b, const struct device *d) {
        assert_int_equal(note_write(b->folder.fd, NOTE_OVERRIDE, &d->instance, "uio_hv_generic", NULL), 0);
}

static int noted(struct bench *b, const struct device *d) {
        _cleanup_(freep) char *text = NULL;

        return note_read(b->folder.fd, NOTE_OVERRIDE, &d->instance, &text, NULL);
}

static void what_stays_is_remembered(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device first[] = { device(A, 1), device(C, 3) };
        struct device second[] = { device(A, 1), device(B, 2), device(C, 3) };

        follow(&b, first, 2, 100);
        b.tracking.devices[1].enforcement = ENFORCEMENT_BLOCKED;
        b.tracking.devices[1].rebounds = 7;
        follow(&b, second, 3, 200);
        assert_int_equal(b.tracking.devices[0].arrived, 100);
        assert_int_equal(b.tracking.devices[1].arrived, 200);
        assert_int_equal(b.tracking.devices[1].enforcement, ENFORCEMENT_NONE);
        assert_int_equal(b.tracking.devices[2].enforcement, ENFORCEMENT_BLOCKED);
        assert_int_equal(tracking_find(&b.tracking, &second[2].instance)->rebounds, 7);
        follow(&b, first, 2, 300);
        assert_null(tracking_find(&b.tracking, &second[1].instance));
        assert_int_equal(b.tracking.devices[1].rebounds, 7);
        follow(&b, NULL, 0, 400);
}

static void notes_of_an_earlier_cvmd_count_and_go_with_their_device(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device devices[] = { device(A, 1), device(B, 2) };

        note(&b, &devices[0]);
        follow(&b, devices, 2, 0);
        assert_true(b.tracking.devices[0].noted);
        assert_false(b.tracking.devices[1].noted);
        assert_int_equal(noted(&b, &devices[0]), 0);
        follow(&b, devices + 1, 1, 0);
        assert_int_equal(noted(&b, &devices[0]), -ENODATA);
}

static void another_object_of_the_same_name_starts_anew(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device before[] = { device(A, 1), device(B, 2), device(C, 3) };
        struct device after[] = { device(A, 9), device(B, 2), device(C, 9) };

        before[1].inode = 1000;
        follow(&b, before, 3, 100);
        for (size_t i = 0; i < 3; i++) {
                note(&b, &before[i]);
                b.tracking.devices[i].noted = true;
                b.tracking.devices[i].enforcement = ENFORCEMENT_BLOCKED;
        }
        b.tracking.devices[2].running = PLAN_BLOCK;
        after[1].inode = 1001; /* B keeps its relid, and has another folder */
        follow(&b, after, 3, 200);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(b.tracking.devices[i].enforcement, ENFORCEMENT_NONE);
                assert_false(b.tracking.devices[i].noted);
                assert_int_equal(b.tracking.devices[i].arrived, 200);
                assert_int_equal(noted(&b, &before[i]), -ENODATA);
        }
        /* on C a helper is at work: what it says will not count */
        assert_true(b.tracking.devices[2].renewed);
        assert_int_equal(noted(&b, &before[2]), 0);
}

/* Until it was looked at: then it is there, or another one is. */
static void whoever_is_leaving_is_so_until_the_next_look(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device devices[] = { device(A, 1), device(B, 2) };
        const struct guest g = { .devices = devices, .n_devices = 2 };
        const struct arrivals other = { .instances = { devices[1].instance }, .n = 1 },
                              itself = { .instances = { devices[0].instance }, .n = 1 };

        follow(&b, devices, 2, 100);
        b.tracking.devices[0].leaving = true;
        assert_int_equal(tracking_follow(&b.tracking, &g, &other, b.folder.fd, 200), 0);
        assert_true(b.tracking.devices[0].leaving);
        devices[0].relid = 9;
        assert_int_equal(tracking_follow(&b.tracking, &g, &itself, b.folder.fd, 300), 0);
        assert_false(b.tracking.devices[0].leaving);
        b.tracking.devices[0].leaving = true;
        follow(&b, devices, 2, 400);
        assert_false(b.tracking.devices[0].leaving);
}

/* Of a device that nobody looked at, nothing is known that was not before. */
static void only_what_has_come_is_looked_at(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device before[] = { device(A, 1) }, after[] = { device(A, 9), device(B, 2) };
        const struct guest g = { .devices = after, .n_devices = 2 };
        struct arrivals arrivals = { .instances = { after[1].instance }, .n = 1 };

        follow(&b, before, 1, 100);
        b.tracking.devices[0].enforcement = ENFORCEMENT_BLOCKED;
        assert_int_equal(tracking_follow(&b.tracking, &g, &arrivals, b.folder.fd, 200), 0);
        assert_int_equal(b.tracking.n, 2);
        assert_int_equal(b.tracking.devices[0].enforcement, ENFORCEMENT_BLOCKED);
        assert_int_equal(b.tracking.devices[0].relid, 1);
        assert_int_equal(b.tracking.devices[1].relid, 2);
        arrivals.instances[0] = after[0].instance;
        assert_int_equal(tracking_follow(&b.tracking, &g, &arrivals, b.folder.fd, 300), 0);
        assert_int_equal(b.tracking.devices[0].enforcement, ENFORCEMENT_NONE);
        assert_int_equal(b.tracking.devices[0].relid, 9);
}

static void tries_are_ever_rarer_and_never_end(void **state) {
        struct tracked t = {};
        uint64_t now = 1000, before = 0;

        assert_int_equal(tracked_next_try(&t, now), now);
        for (unsigned i = 1; i < 100; i++) {
                uint64_t delay;

                t.tries = i;
                t.last_try = now;
                delay = tracked_next_try(&t, now) - now;
                assert_true(delay >= before && delay >= 100 * 1000 && delay <= 30 * 1000 * 1000);
                before = delay;
        }
        assert_int_equal(before, 30 * 1000 * 1000);
        /* after a long quiet it is the first try again */
        now += 61 * 1000 * 1000;
        assert_int_equal(tracked_next_try(&t, now), now);
}

static void a_device_without_channels_is_arriving_for_a_while(void **state) {
        const struct tracked t = { .arrived = 5000 };
        struct device d = {};

        assert_true(tracked_is_arriving(&t, &d, 5000));
        assert_true(tracked_is_arriving(&t, &d, 5000 + ARRIVAL_USEC - 1));
        assert_false(tracked_is_arriving(&t, &d, 5000 + ARRIVAL_USEC));
        d.n_channels = 1;
        assert_false(tracked_is_arriving(&t, &d, 5000));
}

static void what_cannot_be_read_tells_nothing(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct device d = device(A, 1),
                      unreadable = { .instance = d.instance,
                              .path = (char *)A,
                              .n_channels = 1,
                              .unreadable = true };
        struct device gone = d;

        assert_int_equal(mkdirat(b.folder.fd, A, 0700), 0);
        gone.path = (char *)"no/such/path";
        follow(&b, &d, 1, 100);
        b.tracking.devices[0].enforcement = ENFORCEMENT_BLOCKED;
        follow(&b, &gone, 1, 200);
        follow(&b, &unreadable, 1, 300);
        follow(&b, &unreadable, 1, 400);
        assert_int_equal(b.tracking.devices[0].enforcement, ENFORCEMENT_BLOCKED);
        assert_true(tracked_is_arriving(&b.tracking.devices[0], &unreadable, 300 + ARRIVAL_USEC - 1));
        assert_false(tracked_is_arriving(&b.tracking.devices[0], &unreadable, 300 + ARRIVAL_USEC));
        follow(&b, &d, 1, 500);
        assert_int_equal(b.tracking.devices[0].enforcement, ENFORCEMENT_BLOCKED);
        assert_int_equal(b.tracking.devices[0].unreadable, 0);
        d.relid = 2;
        follow(&b, &d, 1, 600);
        assert_int_equal(b.tracking.devices[0].enforcement, ENFORCEMENT_NONE);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_is_remembered),
        cmocka_unit_test(notes_of_an_earlier_cvmd_count_and_go_with_their_device),
        cmocka_unit_test(another_object_of_the_same_name_starts_anew),
        cmocka_unit_test(only_what_has_come_is_looked_at),
        cmocka_unit_test(whoever_is_leaving_is_so_until_the_next_look),
        cmocka_unit_test(tries_are_ever_rarer_and_never_end),
        cmocka_unit_test(a_device_without_channels_is_arriving_for_a_while),
        cmocka_unit_test(what_cannot_be_read_tells_nothing),
};

RUN(tests)
