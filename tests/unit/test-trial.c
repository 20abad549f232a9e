/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trial over boots: what is kept of it, and what each boot makes of what the last one left. */
#include <errno.h>
#include <string.h>

#include "lib/enforce/trial.h"
#include "tests/unit/harness.h"

#define ID "11111111-0000-4000-8000-000000000000"
#define ONE "22222222-0000-4000-8000-000000000001"
#define TWO "22222222-0000-4000-8000-000000000002"
#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char good_trial[] = "cvmd-trial 1 " ID " 3 goes-on\n";
static const char good_count[] = "cvmd-trial-count 1 " ID " running 2 " ONE " well\n";

static void what_is_written_is_read_again(void **state) {
        static const char *const trials[] = {
                good_trial,
                "cvmd-trial 1 " ID " 100 unconfirmed\n",
                "cvmd-trial 1 " ID " 1 uncounted\n",
        };
        static const char *const counts[] = {
                good_count,
                "cvmd-trial-count 1 " ID " started 0 " ONE " well\n",
                "cvmd-trial-count 1 " ID " asking 100 " TWO " crashed\n",
        };
        char again[TRIAL_TEXT_MAX];

        for (size_t i = 0; i < N_ROWS(trials); i++) {
                struct trial t;

                assert_int_equal(trial_parse(trials[i], &t), 0);
                trial_format(&t, again);
                assert_string_equal(again, trials[i]);
        }
        for (size_t i = 0; i < N_ROWS(counts); i++) {
                struct trial_count c;

                assert_int_equal(trial_count_parse(counts[i], &c), 0);
                trial_count_format(&c, again);
                assert_string_equal(again, counts[i]);
        }
}

static void anything_else_is_refused(void **state) {
        static const char *const table[] = {
                "\n",
                "cvmd-trial 2 " ID " 3 goes-on\n",
                "cvmd-trial 1 " ID " 0 goes-on\n",
                "cvmd-trial 1 " ID " 101 goes-on\n",
                "cvmd-trial 1 " ID " 03 goes-on\n",
                "cvmd-trial 1 " ID " -1 goes-on\n",
                "cvmd-trial 1 " ID " 3 goes\n",
                "cvmd-trial 1 " ID " 3 goes-on\n\n",
                "cvmd-trial 1 11111111-0000-4000-8000-00000000000G 3 goes-on\n",
                "cvmd-trial 1 11111111-0000-4000-8000-00000000000A 3 goes-on\n",
                "cvmd-trial-count 1 " ID " none 2 " ONE " well\n",
                "cvmd-trial-count 1 " ID " fallen-back 2 " ONE " well\n",
                "cvmd-trial-count 1 " ID " running 101 " ONE " well\n",
                "cvmd-trial-count 1 " ID " running 2 " ONE " ill\n",
                "cvmd-trial-count 1 " ID " running 2 x well\n",
                "cvmd-trial-count 1  " ID " running 2 " ONE " well\n",
        };
        struct trial_count c = {};
        struct trial t = {};

        for (size_t i = 0; i < N_ROWS(table); i++)
                if (trial_parse(table[i], &t) != -EBADMSG || trial_count_parse(table[i], &c) != -EBADMSG)
                        fail_msg("row %zu passes: %s", i, table[i]);
        for (size_t n = 0; n < strlen(good_count); n++) {
                _cleanup_(freep) char *trial = strndup(good_trial, n), *count = strndup(good_count, n);

                assert_int_equal(trial_count_parse(count, &c), -EBADMSG);
                if (n < strlen(good_trial))
                        assert_int_equal(trial_parse(trial, &t), -EBADMSG);
        }
        assert_int_equal(t.boots + c.phase, 0);
}

static void each_boot_makes_something_of_the_last_one(void **state) {
        static const struct {
                const char *what;
                enum trial_phase phase;
                unsigned clean;
                bool was_crashed;
                const char *boot, *clean_end;
                bool crashed;
                enum trial_reason reason;
                enum trial_phase next;
                unsigned next_clean;
                bool next_crashed;
        } table[] = {
                { "the same boot", TRIAL_RUNNING, 1, false, ONE, "", false, TRIAL_GOES_ON, TRIAL_RUNNING,
                        1 },
                { "a crash in it", TRIAL_RUNNING, 1, false, ONE, "", true, TRIAL_GOES_ON, TRIAL_RUNNING, 1,
                        true },
                { "is not forgotten", TRIAL_RUNNING, 1, true, ONE, "", false, TRIAL_GOES_ON, TRIAL_RUNNING,
                        1, true },
                { "the first", TRIAL_STARTED, 0, false, TWO, "", false, TRIAL_GOES_ON, TRIAL_RUNNING, 0 },
                { "the first, after a crash", TRIAL_STARTED, 0, true, TWO, "", false, TRIAL_GOES_ON,
                        TRIAL_RUNNING, 0 },
                { "the next", TRIAL_RUNNING, 0, false, TWO, ONE "\n", false, TRIAL_GOES_ON, TRIAL_RUNNING,
                        1 },
                { "the last", TRIAL_RUNNING, 1, false, TWO, ONE "\n", false, TRIAL_GOES_ON, TRIAL_ASKING,
                        2 },
                { "no clean end", TRIAL_RUNNING, 1, false, TWO, "", false, TRIAL_UNCLEAN },
                { "one of another boot", TRIAL_RUNNING, 1, false, TWO, TWO "\n", false, TRIAL_UNCLEAN },
                { "one cut short", TRIAL_RUNNING, 1, false, TWO, ONE, false, TRIAL_UNCLEAN },
                { "a crash", TRIAL_RUNNING, 1, true, TWO, ONE "\n", false, TRIAL_CRASHED },
                { "not confirmed", TRIAL_ASKING, 2, false, TWO, ONE "\n", false, TRIAL_UNCONFIRMED },
        };
        const struct trial t = { .id = ID, .boots = 2 };

        for (size_t i = 0; i < N_ROWS(table); i++) {
                struct trial_count last = { .id = ID,
                        .boot = ONE,
                        .phase = table[i].phase,
                        .clean = table[i].clean,
                        .crashed = table[i].was_crashed },
                                   next = {};
                enum trial_reason reason =
                        trial_next(&t, &last, table[i].boot, table[i].clean_end, table[i].crashed, &next);

                if (reason != table[i].reason)
                        fail_msg("%s: reason %u", table[i].what, (unsigned)reason);
                if (reason != TRIAL_GOES_ON) {
                        assert_string_equal(next.boot, ONE);
                        assert_true(trial_reason_text(reason)[0]);
                        continue;
                }
                if (next.phase != table[i].next || next.clean != table[i].next_clean ||
                        next.crashed != table[i].next_crashed || strcmp(next.boot, table[i].boot) != 0)
                        fail_msg("%s: %s %u", table[i].what, trial_phase_to_string(next.phase), next.clean);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(each_boot_makes_something_of_the_last_one),
};

RUN(tests)
