/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done, for every decision in every mode with everything that may be held. */
#include <errno.h>

#include "lib/enforce/plan.h"
#include "tests/unit/harness.h"

/* One device, one decision, what is held of it, and the step that must come of it. */
struct row {
        const char *what;
        enum policy_mode mode;
        struct decision decision;
        struct device device;
        struct held held;
        enum plan_verb verb;
        bool rebound;
};

static const struct decision allow = { .action = ACTION_ALLOW };
static const struct decision audit = { .action = ACTION_AUDIT, .violates = true };
static const struct decision block = { .action = ACTION_BLOCK, .violates = true };
static const struct decision halt = { .action = ACTION_HALT, .violates = true };
static const struct decision unset = {};
static const struct decision protected = { .action = ACTION_BLOCK, .violates = true, .protected = true };

static char driver[] = "hv_netvsc", ours[] = BLOCKED_OVERRIDE, theirs[] = "vfio";

static const struct device bound = { .driver = driver };
static const struct device unbound = {};
static const struct device marked = { .driver_override = ours };
static const struct device taken = { .driver_override = theirs };
static const struct device connection = { .driver = driver, .hvsock = true };

static const struct held nothing = {};
static const struct held noted = { .noted = true };
static const struct held blocked = { .state = ENFORCEMENT_BLOCKED, .noted = true };
static const struct held pending = { .state = ENFORCEMENT_PENDING, .noted = true };
static const struct held failed = { .state = ENFORCEMENT_FAILED, .noted = true };
static const struct held released = { .state = ENFORCEMENT_RELEASED };

static void run(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(plan_freep) struct plan *plan = NULL;
                struct device device = rows[i].device;
                struct decision decision = rows[i].decision;
                const struct guest g = { .devices = &device, .n_devices = 1 };
                const struct evaluation e = { .mode = rows[i].mode, .decisions = &decision, .n = 1 };
                const bool wanted = rows[i].verb != PLAN_NOTHING;

                assert_int_equal(plan_make(&g, &e, &rows[i].held, 1, &plan), 0);
                if (plan->n != wanted || (wanted && plan->steps[0].verb != rows[i].verb))
                        fail_msg("%s: %s", rows[i].what,
                                plan_verb_to_string(plan->n ? plan->steps[0].verb : 0));
                if (wanted)
                        assert_int_equal(plan->steps[0].rebound, rows[i].rebound);
        }
}

#define RUN_ROWS(rows) run(rows, sizeof(rows) / sizeof((rows)[0]))

static void enforcing_blocks_what_is_to_be_blocked(void **state) {
        const struct row rows[] = {
                { "bound", MODE_ENFORCE, block, bound, nothing, PLAN_BLOCK },
                { "not bound yet", MODE_ENFORCE, block, unbound, nothing, PLAN_BLOCK },
                { "blocked", MODE_ENFORCE, block, unbound, blocked, PLAN_NOTHING },
                { "bound again", MODE_ENFORCE, block, bound, blocked, PLAN_BLOCK, true },
                { "blocked by an earlier run", MODE_ENFORCE, block, unbound, noted, PLAN_BLOCK },
                { "marked by an earlier run", MODE_ENFORCE, block, marked, nothing, PLAN_BLOCK },
                { "failed", MODE_ENFORCE, block, bound, failed, PLAN_BLOCK },
                { "released by hand before", MODE_ENFORCE, block, bound, released, PLAN_BLOCK },
                { "halt", MODE_ENFORCE, halt, bound, nothing, PLAN_HALT },
        };

        RUN_ROWS(rows);
}

static void some_are_never_touched(void **state) {
        const struct row rows[] = {
                { "under way", MODE_ENFORCE, block, bound, pending, PLAN_NOTHING },
                { "under way", MODE_ENFORCE, allow, unbound, pending, PLAN_NOTHING },
                { "protected", MODE_ENFORCE, protected, bound, nothing, PLAN_NOTHING },
                { "protected", MODE_ENFORCE, protected, bound, noted, PLAN_NOTHING },
                { "hv_sock", MODE_ENFORCE, block, connection, nothing, PLAN_NOTHING },
                { "no decision", MODE_ENFORCE, unset, unbound, noted, PLAN_NOTHING },
                /* but for what was done before it was known for a connection */
                { "hv_sock", MODE_ENFORCE, allow, connection, blocked, PLAN_RELEASE },
                { "hv_sock", MODE_ENFORCE, block, connection, noted, PLAN_RELEASE },
        };

        RUN_ROWS(rows);
}

static void audit_and_off_never_block(void **state) {
        const struct row rows[] = {
                { "block", MODE_AUDIT, block, bound, nothing, PLAN_NOTHING },
                { "bound again", MODE_AUDIT, block, bound, blocked, PLAN_NOTHING },
                { "halt", MODE_AUDIT, halt, bound, nothing, PLAN_NOTHING },
                { "block", MODE_OFF, block, bound, nothing, PLAN_NOTHING },
                { "no mode", MODE_UNSET, block, bound, nothing, PLAN_NOTHING },
                { "stays blocked", MODE_AUDIT, audit, unbound, blocked, PLAN_NOTHING },
                { "stays blocked", MODE_OFF, audit, unbound, blocked, PLAN_NOTHING },
                { "released", MODE_AUDIT, allow, unbound, blocked, PLAN_RELEASE },
                { "released", MODE_OFF, allow, unbound, blocked, PLAN_RELEASE },
        };

        RUN_ROWS(rows);
}

static void who_lets_go_releases_what_is_ours(void **state) {
        const struct {
                struct decision decision;
                struct device device;
                struct held held;
                enum plan_verb verb;
        } rows[] = {
                { block, unbound, blocked, PLAN_RELEASE },
                { halt, unbound, noted, PLAN_RELEASE },
                { audit, marked, nothing, PLAN_RELEASE },
                { allow, unbound, blocked, PLAN_RELEASE },
                { block, bound, nothing, PLAN_NOTHING },
                { block, taken, nothing, PLAN_NOTHING },
                { block, unbound, pending, PLAN_NOTHING },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(plan_freep) struct plan *plan = NULL;
                struct device device = rows[i].device;
                struct decision decision = rows[i].decision;
                const struct guest g = { .devices = &device, .n_devices = 1 };
                const struct evaluation e = {
                        .mode = MODE_AUDIT,
                        .lets_go = true,
                        .decisions = &decision,
                        .n = 1,
                };

                assert_int_equal(plan_make(&g, &e, &rows[i].held, 1, &plan), 0);
                if ((plan->n ? plan->steps[0].verb : PLAN_NOTHING) != rows[i].verb)
                        fail_msg("row %zu", i);
        }
}

static void what_is_ours_is_released(void **state) {
        const struct row rows[] = {
                { "allowed", MODE_ENFORCE, allow, unbound, blocked, PLAN_RELEASE },
                { "only reported", MODE_ENFORCE, audit, unbound, blocked, PLAN_RELEASE },
                { "by an earlier run", MODE_ENFORCE, allow, unbound, noted, PLAN_RELEASE },
                { "without a note", MODE_ENFORCE, allow, marked, nothing, PLAN_RELEASE },
                { "failed", MODE_ENFORCE, allow, unbound, failed, PLAN_RELEASE },
                { "not ours", MODE_ENFORCE, allow, taken, nothing, PLAN_NOTHING },
                { "released already", MODE_ENFORCE, allow, bound, released, PLAN_NOTHING },
                { "never blocked", MODE_ENFORCE, allow, bound, nothing, PLAN_NOTHING },
        };

        RUN_ROWS(rows);
}

static void the_gate_lets_pass_what_may_be_bound(void **state) {
        const struct held waits = { .withheld = true };
        const struct held arrives = { .withheld = true, .state = ENFORCEMENT_PENDING };
        const struct held was_blocked = { .withheld = true, .noted = true, .state = ENFORCEMENT_BLOCKED };
        const struct held failing = { .withheld = true, .state = ENFORCEMENT_FAILED };
        const struct device silent = { .hvsock = true };
        const struct row rows[] = {
                { "allowed", MODE_ENFORCE, allow, unbound, waits, PLAN_ADMIT },
                { "only reported", MODE_ENFORCE, audit, unbound, waits, PLAN_ADMIT },
                { "protected", MODE_ENFORCE, protected, unbound, waits, PLAN_ADMIT },
                { "an override of others", MODE_ENFORCE, allow, taken, waits, PLAN_ADMIT },
                { "hv_sock", MODE_ENFORCE, allow, silent, waits, PLAN_ADMIT },
                { "a failure is tried again", MODE_ENFORCE, allow, unbound, failing, PLAN_ADMIT },
                { "once it does not enforce", MODE_AUDIT, block, unbound, waits, PLAN_ADMIT },
                { "violates", MODE_ENFORCE, block, unbound, waits, PLAN_BLOCK },
                { "violates, hv_sock", MODE_ENFORCE, block, silent, waits, PLAN_NOTHING },
                { "halts", MODE_ENFORCE, halt, unbound, waits, PLAN_HALT },
                { "halts, in audit", MODE_AUDIT, halt, unbound, waits, PLAN_ADMIT },
                { "no decision", MODE_ENFORCE, unset, unbound, waits, PLAN_NOTHING },
                { "under way", MODE_ENFORCE, allow, unbound, arrives, PLAN_NOTHING },
                { "bound", MODE_ENFORCE, allow, bound, waits, PLAN_NOTHING },
                { "blocked before", MODE_ENFORCE, allow, unbound, was_blocked, PLAN_RELEASE },
                { "blocked in audit", MODE_AUDIT, audit, unbound, was_blocked, PLAN_NOTHING },
        };

        RUN_ROWS(rows);
}

static void every_verb_has_its_word(void **state) {
        for (enum plan_verb v = PLAN_NOTHING + 1; v < _PLAN_VERB_MAX; v++)
                assert_int_equal(plan_verb_from_string(plan_verb_to_string(v)), v);
        assert_int_equal(plan_verb_from_string("nothing"), -EBADMSG);
        assert_int_equal(plan_verb_from_string(""), -EBADMSG);
}

static void each_device_finds_what_is_held_of_it(void **state) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct device devices[4];
        struct decision decisions[4];
        struct held held[2] = { blocked, blocked };
        const struct guest g = { .devices = devices, .n_devices = 4 };
        const struct evaluation e = { .mode = MODE_ENFORCE, .decisions = decisions, .n = 4 };

        for (size_t i = 0; i < 4; i++) {
                devices[i] = unbound;
                devices[i].instance.bytes[0] = (uint8_t)i;
                decisions[i] = block;
        }
        held[0].instance.bytes[0] = 2;
        held[1].instance.bytes[0] = 9; /* gone meanwhile */
        decisions[3] = allow;
        assert_int_equal(plan_make(&g, &e, held, 2, &plan), 0);
        assert_int_equal(plan->n, 2);
        assert_int_equal(plan->steps[0].device, 0);
        assert_int_equal(plan->steps[1].device, 1);
}

static void nothing_gives_an_empty_plan(void **state) {
        _cleanup_(plan_freep) struct plan *plan = NULL;
        const struct guest g = {};
        const struct evaluation e = { .mode = MODE_ENFORCE };

        assert_int_equal(plan_make(&g, &e, NULL, 0, &plan), 0);
        assert_int_equal(plan->n, 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(enforcing_blocks_what_is_to_be_blocked),
        cmocka_unit_test(some_are_never_touched),
        cmocka_unit_test(audit_and_off_never_block),
        cmocka_unit_test(who_lets_go_releases_what_is_ours),
        cmocka_unit_test(what_is_ours_is_released),
        cmocka_unit_test(the_gate_lets_pass_what_may_be_bound),
        cmocka_unit_test(every_verb_has_its_word),
        cmocka_unit_test(each_device_finds_what_is_held_of_it),
        cmocka_unit_test(nothing_gives_an_empty_plan),
};

RUN(tests)
