/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What results come to as a whole. */
#include "lib/verify/check.h"

#include "tests/unit/harness.h"

/* A verification in which everything that is usual has passed. */
static void pass_some(struct checks *c, unsigned waived) {
        checks_reset(c, waived);
        check_note(c, CHECK_SNP_SIGNATURE, CHECK_PASS, "good");
        check_note(c, CHECK_VEK_CHAIN, CHECK_PASS, "good");
        check_note(c, CHECK_MEASUREMENT, CHECK_PASS, "as expected");
        check_note(c, CHECK_REVOCATION, CHECK_UNAVAILABLE, "no list");
}

static void test_nothing_is_nothing(void **state) {
        struct checks c;

        checks_reset(&c, 0);
        assert_false(checks_authentic(&c));
        assert_false(checks_trusted(&c));
        assert_false(checks_acceptable(&c));
        check_note(&c, CHECK_REVOCATION, CHECK_UNAVAILABLE, "no list");
        check_note(&c, CHECK_MEASUREMENT, CHECK_PASS, "as expected");
        assert_false(checks_authentic(&c));
}

static void test_all_good(void **state) {
        struct checks c;

        pass_some(&c, 0);
        assert_true(checks_authentic(&c));
        assert_true(checks_trusted(&c));
        assert_true(checks_acceptable(&c));
}

/* Every check, each result: what it does to the verdicts. */
static void test_each_check(void **state) {
        struct checks c;

        for (unsigned id = 1; id < _CHECK_MAX; id++)
                for (unsigned r = CHECK_FAIL; r < _CHECK_RESULT_MAX; r++) {
                        bool against = r == CHECK_FAIL || (r == CHECK_UNAVAILABLE && !check_is_optional(id));

                        pass_some(&c, 0);
                        check_note(&c, id, r, "so");
                        if (id != CHECK_REVOCATION || r == CHECK_FAIL)
                                assert_int_equal(c.of[id].result, r);
                        assert_int_equal(checks_acceptable(&c), !against);
                        assert_int_equal(checks_authentic(&c), !(against && check_is_of_authenticity(id)));
                        assert_true(!checks_trusted(&c) || !against);
                }
}

static void test_the_worst_stays(void **state) {
        struct checks c;

        pass_some(&c, 0);
        assert_false(check_note(&c, CHECK_NONCE, CHECK_FAIL, "first"));
        assert_true(check_note(&c, CHECK_NONCE, CHECK_PASS, "second"));
        assert_false(check_note(&c, CHECK_NONCE, CHECK_FAIL, "third"));
        assert_int_equal(c.of[CHECK_NONCE].result, CHECK_FAIL);
        assert_string_equal(c.of[CHECK_NONCE].detail, "first");
        assert_false(check_passed(&c, CHECK_NONCE));
}

static void test_waived(void **state) {
        struct checks c;

        pass_some(&c, 0);
        check_missing(&c, CHECK_NONCE, WAIVE_NONCE, "no nonce");
        assert_int_equal(c.of[CHECK_NONCE].result, CHECK_UNAVAILABLE);
        assert_string_equal(c.of[CHECK_NONCE].detail, "no nonce");
        assert_false(checks_acceptable(&c));

        pass_some(&c, WAIVE_NONCE);
        check_missing(&c, CHECK_NONCE, WAIVE_NONCE, "no nonce");
        assert_int_equal(c.of[CHECK_NONCE].result, CHECK_SKIPPED);
        assert_string_equal(c.of[CHECK_NONCE].detail, "waived: --any-nonce");
        assert_true(checks_acceptable(&c));
        assert_true(checks_authentic(&c));
        assert_false(checks_trusted(&c));

        /* What is there and wrong is not waived. */
        check_note(&c, CHECK_NONCE, CHECK_FAIL, "another");
        assert_false(checks_acceptable(&c));
}

static void test_names(void **state) {
        for (unsigned id = 1; id < _CHECK_MAX; id++) {
                assert_non_null(check_name(id));
                assert_int_equal(check_find(check_name(id)), id);
        }
        assert_true(check_find("no-such-check") < 0);
        assert_string_equal(waiver_to_string(WAIVE_AK), "ak");
        assert_string_equal(check_result_to_string(CHECK_UNAVAILABLE), "unavailable");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_nothing),
        cmocka_unit_test(test_all_good),
        cmocka_unit_test(test_each_check),
        cmocka_unit_test(test_the_worst_stays),
        cmocka_unit_test(test_waived),
        cmocka_unit_test(test_names),
};

RUN(tests)
