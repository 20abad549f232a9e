/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes of what is learned of a device, in which order ever; and the line that outlives a restart. */
#include <errno.h>
#include <json-c/json_object.h>

#include "lib/enforce/exposure-json.h"
#include "tests/unit/harness.h"

/* A look from `at` on; what it reads is known 2 later, and judged 3 later. */
#define LOOK(at, ...) \
        (&(const struct exposure_look){ .began = at, .looked = (at) + 2, .judged = (at) + 3, __VA_ARGS__ })
#define VIOLATES .violates = true, .decision = 1
#define COMPLIES .decision = 2

static void check_sum(const struct exposure *e, uint64_t now, uint64_t least, uint64_t most, bool ongoing) {
        struct exposure_sum s = exposure_sum(e, now);

        assert_true(s.most_known);
        assert_int_equal(s.least, least);
        assert_int_equal(s.most, most);
        assert_int_equal(s.ongoing, ongoing);
}

static void check_at_least(const struct exposure *e, uint64_t now, uint64_t least, bool ongoing) {
        struct exposure_sum s = exposure_sum(e, now);

        assert_false(s.most_known);
        assert_int_equal(s.least, least);
        assert_int_equal(s.ongoing, ongoing);
}

static void check_stamp(const struct exposure *e, enum exposure_moment m, uint64_t usec,
        enum stamp_source source) {
        assert_int_equal(e->times[m].usec, usec);
        assert_int_equal(e->times[m].source, source);
}

/* Offered at 100, bound by 200, looked at from 300 on. */
static struct exposure exposed(void) {
        struct exposure e;

        exposure_begin(&e, 7, 1, true);
        exposure_offered(&e, 100, STAMP_OFFER_TRACE);
        exposure_bound(&e, 200);
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        return e;
}

static void test_the_whole_way(void **state) {
        struct exposure e = exposed();

        check_sum(&e, 350, 150, 250, true);
        exposure_blocked(&e, 400, 500);
        check_stamp(&e, EXPOSURE_OFFERED, 100, STAMP_OFFER_TRACE);
        check_stamp(&e, EXPOSURE_BOUND, 200, STAMP_UEVENT);
        check_stamp(&e, EXPOSURE_SEEN, 302, STAMP_CVMD);
        check_stamp(&e, EXPOSURE_DECIDED, 303, STAMP_CVMD);
        check_stamp(&e, EXPOSURE_BLOCKED, 500, STAMP_CVMD);
        check_sum(&e, 10000, 200, 400, false);
        exposure_look(&e, LOOK(600, VIOLATES));
        check_stamp(&e, EXPOSURE_BLOCKED, 500, STAMP_CVMD);
        exposure_blocked(&e, 700, 800); /* confirmed once more */
        check_stamp(&e, EXPOSURE_BLOCKED, 500, STAMP_CVMD);
        check_sum(&e, 10000, 200, 400, false);
}

static void test_found_bound(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false);
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        check_stamp(&e, EXPOSURE_OFFERED, 0, STAMP_UNKNOWN);
        check_stamp(&e, EXPOSURE_BOUND, 0, STAMP_BEFORE_SEEN);
        exposure_blocked(&e, 400, 500);
        check_at_least(&e, 10000, 98, false);
}

static void test_found_bound_with_an_offer(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false);
        exposure_offered(&e, 100, STAMP_BOOT_TRACE);
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        exposure_blocked(&e, 400, 500);
        check_sum(&e, 10000, 98, 400, false);
}

static void test_found_unbound(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false); /* nobody saw what was before */
        exposure_look(&e, LOOK(300, VIOLATES));
        check_at_least(&e, 10000, 0, false);

        exposure_begin(&e, 7, 1, false);
        exposure_offered(&e, 100, STAMP_BOOT_TRACE);
        exposure_look(&e, LOOK(300, VIOLATES));
        check_sum(&e, 10000, 0, 200, false);

        exposure_begin(&e, 7, 1, true); /* somebody did: nothing was */
        exposure_look(&e, LOOK(300, VIOLATES));
        check_sum(&e, 10000, 0, 0, false);
        check_stamp(&e, EXPOSURE_BOUND, 0, STAMP_UNKNOWN);
}

static void test_what_complies_is_not_exposed(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false);
        exposure_look(&e, LOOK(300, .bound = true, COMPLIES));
        check_sum(&e, 10000, 0, 0, false);
        exposure_unbound(&e, 400);
        exposure_bound(&e, 500);
        check_sum(&e, 10000, 0, 0, false);
}

static void test_undecided_counts_once_decided(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, true);
        exposure_offered(&e, 100, STAMP_OFFER_TRACE);
        exposure_bound(&e, 200);
        exposure_look(&e, LOOK(300, .bound = true, .undecided = true, VIOLATES));
        check_sum(&e, 310, 0, 0, false);
        check_stamp(&e, EXPOSURE_DECIDED, 0, STAMP_UNKNOWN);
        exposure_look(&e, LOOK(400, .bound = true, VIOLATES));
        check_sum(&e, 410, 210, 310, true);
        check_stamp(&e, EXPOSURE_SEEN, 302, STAMP_CVMD);
        check_stamp(&e, EXPOSURE_DECIDED, 403, STAMP_CVMD);
}

static void test_rebinds_add(void **state) {
        struct exposure e = exposed();

        exposure_blocked(&e, 400, 500); /* 200 to 400 */
        exposure_bound(&e, 1000);
        check_stamp(&e, EXPOSURE_BLOCKED, 0, STAMP_UNKNOWN);
        exposure_look(&e, LOOK(1010, .bound = true, VIOLATES));
        exposure_blocked(&e, 1100, 1200); /* 100 to 800: it was unbound at 400 */
        check_sum(&e, 10000, 300, 1200, false);
        check_stamp(&e, EXPOSURE_BOUND, 1000, STAMP_UEVENT);
        check_stamp(&e, EXPOSURE_DECIDED, 303, STAMP_CVMD);
        check_stamp(&e, EXPOSURE_BLOCKED, 1200, STAMP_CVMD);
}

static void test_an_unbinding_by_others_ends_it(void **state) {
        struct exposure e = exposed();

        exposure_unbound(&e, 450);
        check_sum(&e, 10000, 250, 350, false);
        exposure_look(&e, LOOK(500, VIOLATES));
        check_stamp(&e, EXPOSURE_BLOCKED, 0, STAMP_UNKNOWN); /* nobody holds it */
}

static void test_without_events_looks_tell(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, true);
        exposure_look(&e, LOOK(300, VIOLATES));
        exposure_look(&e, LOOK(400, .bound = true, VIOLATES)); /* at some time after 300 */
        check_stamp(&e, EXPOSURE_BOUND, 402, STAMP_CVMD);
        exposure_look(&e, LOOK(500, .bound = true, VIOLATES));
        exposure_look(&e, LOOK(600, VIOLATES));
        check_sum(&e, 10000, 98, 302, false);
}

static void test_an_event_after_the_look_changes_nothing(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, true);
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        check_stamp(&e, EXPOSURE_BOUND, 302, STAMP_CVMD);
        exposure_bound(&e, 310);
        check_stamp(&e, EXPOSURE_BOUND, 302, STAMP_CVMD);
        assert_int_equal(exposure_sum(&e, 402).least, 100);
        exposure_blocked(&e, 402, 403);
        check_stamp(&e, EXPOSURE_BOUND, 302, STAMP_CVMD);

        exposure_begin(&e, 7, 1, false); /* what was there before, as it seemed, has only just come */
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        check_stamp(&e, EXPOSURE_BOUND, 0, STAMP_BEFORE_SEEN);
        exposure_bound(&e, 310);
        check_stamp(&e, EXPOSURE_BOUND, 302, STAMP_CVMD);
        assert_int_equal(exposure_sum(&e, 402).least, 100);
}

static void test_a_slow_look_is_overtaken(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, true);
        exposure_offered(&e, 100, STAMP_OFFER_TRACE);
        exposure_look(&e, LOOK(200, VIOLATES));
        exposure_look(&e, LOOK(500, .bound = true, VIOLATES)); /* it read that long before it ended */
        exposure_blocked(&e, 400, 450);
        check_stamp(&e, EXPOSURE_BOUND, 400, STAMP_CVMD);
        check_stamp(&e, EXPOSURE_BLOCKED, 450, STAMP_CVMD);
        check_sum(&e, 10000, 0, 250, false);
}

static void test_another_policy(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false);
        exposure_look(&e, LOOK(300, .bound = true, COMPLIES));
        exposure_look(&e,
                LOOK(9000, .bound = true, VIOLATES)); /* the same facts: it is the judgement that is new */
        check_sum(&e, 9100, 97, 97, true);
        check_stamp(&e, EXPOSURE_DECIDED, 9003, STAMP_CVMD);
        exposure_look(&e, LOOK(9200, .bound = true, COMPLIES));
        check_sum(&e, 10000, 200, 200, false);
}

static void test_another_channel(void **state) {
        struct exposure e;

        exposure_begin(&e, 7, 1, false);
        exposure_look(&e, LOOK(300, .bound = true, .facts = 1, COMPLIES));
        exposure_look(&e, LOOK(500, .bound = true, .facts = 2, VIOLATES)); /* offered since 300 */
        exposure_look(&e, LOOK(600, .bound = true, .facts = 2, VIOLATES));
        exposure_look(&e, LOOK(700, .bound = true, .facts = 1, COMPLIES)); /* gone since 600 */
        check_sum(&e, 10000, 97, 403, false);
}

static void check_same(const struct exposure *a, const struct exposure *b) {
        _cleanup_(freep) char *x = NULL, *y = NULL;

        assert_int_equal(exposure_format(a, 0, &x), 0);
        assert_int_equal(exposure_format(b, 0, &y), 0);
        assert_string_equal(x, y);
}

static struct exposure kept(const struct exposure *e, uint64_t until, uint64_t now) {
        _cleanup_(freep) char *line = NULL;
        struct exposure back;

        assert_int_equal(exposure_format(e, until, &line), 0);
        assert_int_equal(exposure_parse(line, now, &back, NULL), 0);
        return back;
}

static void test_a_restart_keeps_what_has_ended(void **state) {
        struct exposure e = exposed(), back;

        exposure_blocked(&e, 400, 500);
        back = kept(&e, 0, 10000);
        check_same(&e, &back);
        check_sum(&back, 10000, 200, 400, false);
        exposure_look(&back, LOOK(10000, VIOLATES));
        check_stamp(&back, EXPOSURE_BLOCKED, 500, STAMP_CVMD);
        check_sum(&back, 20000, 200, 400, false);
}

static void test_nobody_looked_during_a_restart(void **state) {
        struct exposure e = exposed(), back;

        back = kept(&e, 1000, 2000); /* 800 until then, and it is still bound when next somebody looks */
        check_sum(&back, 2000, 800, 1900, true);
        exposure_look(&back, LOOK(2000, .bound = true, VIOLATES));
        check_sum(&back, 2102, 900, 2002, true);
        exposure_blocked(&back, 2202, 2300);
        check_sum(&back, 10000, 1000, 2200, false);

        back = kept(&e, 1000, 2000); /* the same, and it is not */
        exposure_look(&back, LOOK(2000, VIOLATES));
        check_sum(&back, 10000, 800, 1902, false);

        back = kept(&e, 0, 2000); /* killed: known until the look at 300 */
        exposure_look(&back, LOOK(2000, VIOLATES));
        check_sum(&back, 10000, 100, 1902, false);

        e = kept(&e, 1000, 2000); /* two of them, and no look in between */
        back = kept(&e, 0, 2000);
        check_sum(&back, 2000, 800, 1900, true);
}

static void test_the_line_is_read_strictly(void **state) {
        struct exposure e = exposed(), back;
        _cleanup_(freep) char *line = NULL, *more = NULL;
        struct diag d = {};

        assert_int_equal(exposure_format(&e, 0, &line), 0);
        for (size_t n = 0; n < strlen(line); n++) {
                _cleanup_(freep) char *cut = strndup(line, n);

                assert_int_equal(exposure_parse(cut, 10000, &back, &d), -EBADMSG);
        }
        assert_int_equal(exposure_parse(line, 299, &back, &d), -EBADMSG); /* from the future */
        assert_int_equal(exposure_parse(line, 303, &back, &d), 0);
        assert_true(asprintf(&more, "%s end", line) > 0);
        assert_int_equal(exposure_parse(more, 10000, &back, &d), -EBADMSG);
        line[0] = 'E';
        assert_int_equal(exposure_parse(line, 10000, &back, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "exposure"));
}

/* Two stamps, nothing else. */
#define LINE(offered, bound) "exposure-1 7 1 " offered " " bound " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 end"

static void test_a_stamp_has_a_source(void **state) {
        struct exposure e;

        assert_int_equal(exposure_parse(LINE("5 1", "0 5"), 10, &e, NULL), 0);
        check_stamp(&e, EXPOSURE_OFFERED, 5, STAMP_OFFER_TRACE);
        check_stamp(&e, EXPOSURE_BOUND, 0, STAMP_BEFORE_SEEN);
        assert_int_equal(exposure_parse(LINE("5 0", "0 5"), 10, &e, NULL), -EBADMSG);
        assert_int_equal(exposure_parse(LINE("0 1", "0 5"), 10, &e, NULL), -EBADMSG);
        assert_int_equal(exposure_parse(LINE("5 1", "5 5"), 10, &e, NULL), -EBADMSG);
        assert_int_equal(exposure_parse(LINE("5 1", "0 6"), 10, &e, NULL), -EBADMSG);
}

static void test_as_json(void **state) {
        struct exposure e = exposed();
        struct exposure_sum sum = exposure_sum(&e, 350);
        struct json_object *o;

        o = exposure_times_json(e.times);
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                "{\"offered\":{\"usec\":100,\"source\":\"offer-trace\"},\"bound\":{\"usec\":200,\"source\":"
                "\"uevent\"},"
                "\"seen\":{\"usec\":302,\"source\":\"cvmd\"},\"decided\":{\"usec\":303,\"source\":\"cvmd\"},"
                "\"blocked\":null}");
        json_object_put(o);
        o = exposure_sum_json(&sum);
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                "{\"at-least-usec\":150,\"at-most-usec\":250,\"ongoing\":true}");
        json_object_put(o);
        exposure_begin(&e, 7, 1, false);
        exposure_look(&e, LOOK(300, .bound = true, VIOLATES));
        sum = exposure_sum(&e, 302);
        o = exposure_sum_json(&sum);
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                "{\"at-least-usec\":0,\"at-most-usec\":null,\"ongoing\":true}");
        json_object_put(o);
        o = exposure_times_json(e.times);
        assert_non_null(strstr(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                "\"bound\":{\"usec\":null,\"source\":\"before-seen\"}"));
        json_object_put(o);
}

static void test_words(void **state) {
        for (int i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                assert_int_equal(
                        exposure_moment_from_string(exposure_moment_to_string((enum exposure_moment)i)), i);
        for (int i = 0; i < _STAMP_SOURCE_MAX; i++)
                assert_int_equal(stamp_source_from_string(stamp_source_to_string((enum stamp_source)i)), i);
        assert_int_equal(exposure_moment_from_string("later"), -EBADMSG);
        assert_int_equal(stamp_source_from_string("rumour"), -EBADMSG);
}

static void test_the_same_moments(void **state) {
        struct exposure a, b;

        memset(&a, 0xff, sizeof(a)); /* what lies between the members does not count */
        memset(&b, 0, sizeof(b));
        for (size_t i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                a.times[i].usec = b.times[i].usec = 7, a.times[i].source = b.times[i].source = STAMP_CVMD;
        assert_true(exposure_same_moments(&a, &b));
        b.times[EXPOSURE_BLOCKED].usec = 8;
        assert_false(exposure_same_moments(&a, &b));
        b.times[EXPOSURE_BLOCKED] = a.times[EXPOSURE_BLOCKED];
        assert_true(exposure_same_moments(&a, &b));
        b.times[EXPOSURE_BOUND].source = (enum stamp_source)0;
        assert_false(exposure_same_moments(&a, &b));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_way),
        cmocka_unit_test(test_found_bound),
        cmocka_unit_test(test_found_bound_with_an_offer),
        cmocka_unit_test(test_found_unbound),
        cmocka_unit_test(test_what_complies_is_not_exposed),
        cmocka_unit_test(test_undecided_counts_once_decided),
        cmocka_unit_test(test_rebinds_add),
        cmocka_unit_test(test_an_unbinding_by_others_ends_it),
        cmocka_unit_test(test_without_events_looks_tell),
        cmocka_unit_test(test_an_event_after_the_look_changes_nothing),
        cmocka_unit_test(test_a_slow_look_is_overtaken),
        cmocka_unit_test(test_another_policy),
        cmocka_unit_test(test_another_channel),
        cmocka_unit_test(test_a_restart_keeps_what_has_ended),
        cmocka_unit_test(test_nobody_looked_during_a_restart),
        cmocka_unit_test(test_the_line_is_read_strictly),
        cmocka_unit_test(test_a_stamp_has_a_source),
        cmocka_unit_test(test_as_json),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_the_same_moments),
};

RUN(tests)
