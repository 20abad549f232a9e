/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which offer made a device, and when. */
#include <errno.h>

#include "lib/facts/offers.h"
#include "tests/unit/harness.h"

#define A "23f8740c-1605-48e4-a86c-3dcd2c2ead63"
#define B "00000000-0000-4000-8000-000000000021"
#define AT(time) "     kworker/0:1-10      [000] ....." time ": "
#define OFFER(time, relid, instance)                                                                \
        AT(time)                                                                                    \
        "vmbus_onoffer: child_relid " relid ", monitorid 0x0, is_dedicated 1, connection_id 0x11, " \
        "if_type 525074dc-8985-46e2-8057-a307dc18a502, if_instance " instance                       \
        ", chn_flags 0x0, mmio_megabytes 0, sub_channel_index 0\n"
#define RESCIND(time, relid) AT(time) "vmbus_onoffer_rescind: child_relid " relid "\n"

static uint64_t found(const struct offers *o, uint32_t relid, const char *instance) {
        struct guid guid;

        assert_int_equal(guid_parse(instance, &guid), 0);
        return offers_find(o, relid, &guid);
}

static int take(struct offers *o, const char *text) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, strlen(text));

        return offers_take(o, (const char *)exact, strlen(text), NULL);
}

static void an_offer_is_found_by_relid_and_instance(void **state) {
        _cleanup_(offers_done) struct offers o = {};

        assert_int_equal(take(&o, OFFER("  4.343634", "0x64", A) OFFER("  5.000001", "0x65", B)), 0);
        assert_int_equal(found(&o, 100, A), 4343634);
        assert_int_equal(found(&o, 101, B), 5000001);
        assert_int_equal(found(&o, 100, B), 0);
        assert_int_equal(found(&o, 102, A), 0);
}

static void the_last_one_counts(void **state) {
        _cleanup_(offers_done) struct offers o = {};

        assert_int_equal(take(&o, OFFER("  4.343634", "0x64", A)), 0);
        assert_int_equal(take(&o, OFFER("  6.000000", "0x64", A)), 0);
        assert_int_equal(found(&o, 100, A), 6000000);
        assert_int_equal(take(&o, RESCIND("  7.000000", "0x64")), 0);
        assert_int_equal(found(&o, 100, A), 0);
        assert_int_equal(take(&o, OFFER("  8.000000", "0x64", B)), 0);
        assert_int_equal(found(&o, 100, A), 0);
        assert_int_equal(found(&o, 100, B), 8000000);
        assert_int_equal(o.n, 1);
}

static void lost_lines_leave_nothing_of_before(void **state) {
        _cleanup_(offers_done) struct offers o = {};

        assert_int_equal(take(&o,
                                 OFFER("  4.343634", "0x64",
                                         A) "CPU:1 [LOST 12 EVENTS]\n" OFFER("  5.000001", "0x65", B)),
                0);
        assert_int_equal(found(&o, 100, A), 0);
        assert_int_equal(found(&o, 101, B), 5000001);
}

static void a_strange_line_leaves_nothing(void **state) {
        _cleanup_(offers_done) struct offers o = {};

        assert_int_equal(take(&o, OFFER("  4.343634", "0x64", A)), 0);
        assert_int_equal(take(&o, AT(" 5.000000") "vmbus_onoffer: child_relid who\n"), -EBADMSG);
        assert_int_equal(found(&o, 100, A), 0);
}

/* x86-tsc and counter are no seconds. */
static void another_clock_gives_no_time(void **state) {
        _cleanup_(offers_done) struct offers o = {};

        assert_int_equal(take(&o, OFFER(" 4343634", "0x64", A)), 0);
        assert_int_equal(take(&o, OFFER(" 4.34", "0x65", A)), 0);
        assert_int_equal(o.n, 0);
}

static void a_cut_line_gives_no_other_time(void **state) {
        static const char line[] = OFFER("  4.343634", "0x64", A);

        for (size_t n = 0; n < sizeof(line) - 1; n++) {
                _cleanup_(offers_done) struct offers o = {};
                _cleanup_(freep) uint8_t *cut = copy_exact(line, n);
                int r = offers_take(&o, (const char *)cut, n, NULL);
                uint64_t at = found(&o, 100, A);

                assert_true(r == 0 || r == -EBADMSG);
                assert_true(at == 0 || at == 4343634);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_found_by_relid_and_instance),
        cmocka_unit_test(the_last_one_counts),
        cmocka_unit_test(lost_lines_leave_nothing_of_before),
        cmocka_unit_test(a_strange_line_leaves_nothing),
        cmocka_unit_test(another_clock_gives_no_time),
        cmocka_unit_test(a_cut_line_gives_no_other_time),
};

RUN(tests)
