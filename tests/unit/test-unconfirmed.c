/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decisions on condition: their note, and what one that was left behind means. */
#include <errno.h>
#include <string.h>

#include "lib/enforce/unconfirmed.h"
#include "tests/unit/harness.h"

#define BOOT "6f5c1a3e-0000-4000-8000-0123456789ab"
#define OTHER_BOOT "6f5c1a3e-0000-4000-8000-0123456789ac"
#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char good[] = "pending allow permanent block 18446744073709551615 " BOOT;

static void a_note_is_read_as_it_was_written(void **state) {
        static const char *const table[] = {
                good,
                "pending block runtime none 0 " BOOT,
                "confirmed allow permanent allow 12 " BOOT,
                "rolled-back block runtime none 12 " BOOT,
        };

        for (size_t i = 0; i < N_ROWS(table); i++) {
                char again[UNCONFIRMED_TEXT_MAX];
                struct unconfirmed u = {};

                assert_int_equal(unconfirmed_parse(table[i], &u), 0);
                unconfirmed_format(&u, again);
                assert_string_equal(again, table[i]);
        }
}

static void anything_else_is_refused(void **state) {
        static const char *const table[] = {
                "",
                "pending",
                "unset allow permanent block 1 " BOOT,
                "pendin allow permanent block 1 " BOOT,
                "pending deny permanent block 1 " BOOT,
                "pending allow forever block 1 " BOOT,
                "pending allow permanent unset 1 " BOOT,
                "pending allow permanent block -1 " BOOT,
                "pending allow permanent block 01 " BOOT,
                "pending allow permanent block 18446744073709551616 " BOOT,
                "pending allow permanent block 1  " BOOT,
                "pending allow permanent block 1 " BOOT " ",
                "pending allow permanent block 1 " BOOT "0",
                "pending allow permanent block 1 short",
                " pending allow permanent block 1 " BOOT,
        };
        struct unconfirmed u = {};

        for (size_t i = 0; i < N_ROWS(table); i++)
                if (unconfirmed_parse(table[i], &u) != -EBADMSG)
                        fail_msg("'%s' passes", table[i]);
        for (size_t n = 0; n < strlen(good); n++) {
                _cleanup_(freep) char *cut = strndup(good, n);

                assert_int_equal(unconfirmed_parse(cut, &u), -EBADMSG);
        }
        assert_int_equal(u.state, UNCONFIRMED_UNSET);
}

static void it_is_over_unless_everything_says_that_it_goes_on(void **state) {
        static const struct {
                const char *boot, *noted;
                uint64_t now;
                bool over;
        } table[] = {
                { BOOT, "allow", 99, false },
                { BOOT, "allow", 100, true },
                { BOOT, "allow", 101, true },
                { OTHER_BOOT, "allow", 99, true },
                { "", "allow", 99, true },
                { BOOT, "block", 99, true },
                { BOOT, NULL, 99, true },
        };
        const struct unconfirmed u = { .state = UNCONFIRMED_PENDING,
                .allow = true,
                .usec = 100,
                .boot = BOOT };

        for (size_t i = 0; i < N_ROWS(table); i++)
                if (unconfirmed_is_over(&u, table[i].boot, table[i].now, table[i].noted) != table[i].over)
                        fail_msg("row %zu", i);
}

static void what_was_there_before_has_its_note(void **state) {
        const struct hand_decision allow = { .allow = true }, block = {};

        assert_null(hand_before_note(hand_before_of(NULL)));
        assert_string_equal(hand_before_note(hand_before_of(&allow)), "allow");
        assert_string_equal(hand_before_note(hand_before_of(&block)), "block");
        assert_null(hand_before_note(HAND_BEFORE_UNSET));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_read_as_it_was_written),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(it_is_over_unless_everything_says_that_it_goes_on),
        cmocka_unit_test(what_was_there_before_has_its_note),
};

RUN(tests)
