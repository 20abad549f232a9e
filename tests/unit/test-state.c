/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From decisions to verdicts, from verdicts to the state; and the shipped policies on the recorded guests.
 */
#include "tests/unit/policy-harness.h"

static char driver[] = "hv_netvsc", ours[] = BLOCKED_OVERRIDE, theirs[] = "vfio";

static void verdicts_of_a_device(void **state) {
        static const struct decision allow = { .action = ACTION_ALLOW };
        static const struct decision audit = { .action = ACTION_AUDIT, .violates = true };
        static const struct decision block = { .action = ACTION_BLOCK, .violates = true };
        static const struct decision halt = { .action = ACTION_HALT, .violates = true };
        static const struct decision spared = { .action = ACTION_BLOCK,
                .violates = true,
                .protected = true };
        static const struct device bound = { .driver = driver };
        static const struct device unbound = {};
        static const struct device marked = { .driver_override = ours };
        static const struct device marked_and_bound = { .driver = driver, .driver_override = ours };
        static const struct device taken = { .driver_override = theirs };
        static const struct {
                const struct decision *decision;
                const struct device *device;
                enum enforcement enforcement;
                enum verdict verdict;
        } rows[] = {
                { &allow, &bound, ENFORCEMENT_NONE, VERDICT_ALLOWED },
                { &allow, &unbound, ENFORCEMENT_NONE, VERDICT_ALLOWED },
                { &allow, &bound, ENFORCEMENT_RELEASED, VERDICT_ALLOWED },
                { &allow, &marked, ENFORCEMENT_PENDING, VERDICT_PENDING },
                { &allow, &marked, ENFORCEMENT_FAILED, VERDICT_FAILED },
                { &audit, &bound, ENFORCEMENT_NONE, VERDICT_VIOLATING },
                { &audit, &unbound, ENFORCEMENT_BLOCKED, VERDICT_BLOCKED },
                { &halt, &bound, ENFORCEMENT_NONE, VERDICT_VIOLATING },
                { &block, &bound, ENFORCEMENT_NONE, VERDICT_VIOLATING },
                { &block, &bound, ENFORCEMENT_PENDING, VERDICT_PENDING },
                { &block, &unbound, ENFORCEMENT_PENDING, VERDICT_PENDING },
                { &block, &unbound, ENFORCEMENT_BLOCKED, VERDICT_BLOCKED },
                { &block, &bound, ENFORCEMENT_BLOCKED, VERDICT_VIOLATING }, /* somebody bound it again */
                { &block, &bound, ENFORCEMENT_FAILED, VERDICT_FAILED },
                { &block, &bound, ENFORCEMENT_RELEASED, VERDICT_VIOLATING },
                { &block, &unbound, ENFORCEMENT_NONE, VERDICT_VIOLATING }, /* nothing keeps it unbound */
                { &block, &marked, ENFORCEMENT_NONE, VERDICT_BLOCKED },
                { &block, &marked_and_bound, ENFORCEMENT_NONE, VERDICT_VIOLATING },
                { &block, &taken, ENFORCEMENT_NONE, VERDICT_VIOLATING },
                { &spared, &bound, ENFORCEMENT_NONE, VERDICT_PROTECTED },
                { &spared, &unbound, ENFORCEMENT_BLOCKED, VERDICT_BLOCKED },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                enum verdict v = verdict_of(rows[i].decision, rows[i].device, rows[i].enforcement);

                if (v != rows[i].verdict)
                        fail_msg("row %zu: %s", i, verdict_to_string(v));
        }
}

/* What a policy that is not in force would make of a device, as the plan would act. */
static void intended_verdicts_of_a_device(void **state) {
        static const struct decision allow = { .action = ACTION_ALLOW };
        static const struct decision audit = { .action = ACTION_AUDIT, .violates = true };
        static const struct decision block = { .action = ACTION_BLOCK, .violates = true };
        static const struct decision halt = { .action = ACTION_HALT, .violates = true };
        static const struct decision spared = { .action = ACTION_BLOCK,
                .violates = true,
                .protected = true };
        static const struct device bound = { .driver = driver };
        static const struct device unbound = {};
        static const struct device marked = { .driver_override = ours };
        static const struct device connection = { .hvsock = true, .driver = driver };
        static const struct {
                const struct decision *decision;
                const struct device *device;
                enum enforcement enforcement;
                enum policy_mode mode;
                enum verdict verdict;
                bool lets_go;
        } rows[] = {
                { &allow, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_ALLOWED },
                { &allow, &unbound, ENFORCEMENT_BLOCKED, MODE_AUDIT, VERDICT_ALLOWED }, /* released */
                { &block, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_BLOCKED },
                { &block, &bound, ENFORCEMENT_FAILED, MODE_ENFORCE, VERDICT_BLOCKED },
                { &block, &bound, ENFORCEMENT_PENDING, MODE_ENFORCE, VERDICT_BLOCKED },
                { &block, &bound, ENFORCEMENT_NONE, MODE_AUDIT, VERDICT_VIOLATING },
                { &block, &bound, ENFORCEMENT_PENDING, MODE_AUDIT, VERDICT_VIOLATING },
                { &block, &bound, ENFORCEMENT_NONE, MODE_OFF, VERDICT_VIOLATING },
                { &block, &unbound, ENFORCEMENT_BLOCKED, MODE_AUDIT, VERDICT_BLOCKED }, /* kept */
                { &block, &marked, ENFORCEMENT_NONE, MODE_AUDIT, VERDICT_BLOCKED },
                { &block, &connection, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_VIOLATING },
                { &audit, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_VIOLATING },
                { &audit, &marked, ENFORCEMENT_BLOCKED, MODE_ENFORCE, VERDICT_VIOLATING }, /* released */
                { &audit, &marked, ENFORCEMENT_BLOCKED, MODE_AUDIT, VERDICT_BLOCKED },
                { &halt, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_VIOLATING },
                { &spared, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_PROTECTED },
                { &spared, &bound, ENFORCEMENT_NONE, MODE_AUDIT, VERDICT_PROTECTED },
                { &spared, &unbound, ENFORCEMENT_BLOCKED, MODE_ENFORCE, VERDICT_BLOCKED }, /* stays so */
                { &block, &unbound, ENFORCEMENT_BLOCKED, MODE_AUDIT, VERDICT_VIOLATING, true },
                { &halt, &marked, ENFORCEMENT_NONE, MODE_AUDIT, VERDICT_VIOLATING, true },
                { &spared, &unbound, ENFORCEMENT_BLOCKED, MODE_AUDIT, VERDICT_BLOCKED, true },
                { &block, &bound, ENFORCEMENT_NONE, MODE_ENFORCE, VERDICT_BLOCKED, true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                const struct evaluation e = { .mode = rows[i].mode, .lets_go = rows[i].lets_go };
                enum verdict v = verdict_intended(&e, rows[i].decision, rows[i].device, rows[i].enforcement);

                if (v != rows[i].verdict)
                        fail_msg("row %zu: %s", i, verdict_to_string(v));
        }
}

static void states_of_a_guest(void **state) {
        struct decision decisions[] = { { .action = ACTION_ALLOW },
                { .action = ACTION_BLOCK, .violates = true } };
        static const struct {
                bool applies, expected;
                enum policy_mode mode;
                enum verdict first, second; /* of a device that is allowed, of one that violates */
                enum guest_state state;
        } rows[] = {
                { true, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_BLOCKED, STATE_COMPLIANT },
                { true, true, MODE_AUDIT, VERDICT_ALLOWED, VERDICT_BLOCKED, STATE_COMPLIANT },
                { true, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_VIOLATING, STATE_VIOLATING },
                { true, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_PROTECTED, STATE_VIOLATING },
                { true, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_PENDING, STATE_VIOLATING },
                { true, true, MODE_ENFORCE, VERDICT_PENDING, VERDICT_BLOCKED, STATE_COMPLIANT },
                { true, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_FAILED, STATE_FAILED },
                { true, true, MODE_ENFORCE, VERDICT_FAILED, VERDICT_BLOCKED, STATE_FAILED },
                { true, true, MODE_AUDIT, VERDICT_ALLOWED, VERDICT_VIOLATING, STATE_UNPROTECTED },
                { true, true, MODE_OFF, VERDICT_ALLOWED, VERDICT_VIOLATING, STATE_UNPROTECTED },
                { true, false, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_BLOCKED, STATE_FAILED },
                { true, false, MODE_OFF, VERDICT_ALLOWED, VERDICT_BLOCKED, STATE_FAILED },
                { false, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_BLOCKED, STATE_NOT_APPLICABLE },
                { false, true, MODE_ENFORCE, VERDICT_ALLOWED, VERDICT_FAILED, STATE_FAILED },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                const struct evaluation e = {
                        .mode = rows[i].mode,
                        .applies = rows[i].applies,
                        .expected = rows[i].expected,
                        .decisions = decisions,
                        .n = 2,
                };
                const enum verdict verdicts[] = { rows[i].first, rows[i].second };

                if (state_of(&e, verdicts) != rows[i].state)
                        fail_msg("row %zu: %s", i, guest_state_to_string(state_of(&e, verdicts)));
        }
}

static struct policy *shipped(const char *path) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct policy *p = NULL;
        struct diag d = {};
        char *paths[] = { (char *)path };

        if (policy_load_files(paths, 1, &p, &problems, &d) < 0)
                fail_msg("%s", d.text);
        assert_int_equal(problems.n, 0);
        return p;
}

/* What a user sees who looks at the recorded guests, before anything was enforced. */
static void shipped_policies_on_recorded_guests(void **state) {
        _cleanup_(policy_freep) struct policy *strict = shipped(POLICIES "/examples/strict.json");
        _cleanup_(policy_freep) struct policy *standard = shipped(POLICIES "/90-default.json");
        _cleanup_(policy_freep) struct policy *built_in = NULL;
        static const struct {
                const char *name;
                enum guest_state strict, standard, built_in;
        } rows[] = {
                { "snp-openhcl", STATE_VIOLATING, STATE_UNPROTECTED, STATE_VIOLATING },
                { "snp-compliant", STATE_COMPLIANT, STATE_COMPLIANT, STATE_COMPLIANT },
                { "tdx-openhcl", STATE_COMPLIANT, STATE_COMPLIANT, STATE_COMPLIANT },
                { "snp-root-plain", STATE_VIOLATING, STATE_UNPROTECTED, STATE_VIOLATING },
                { "snp-no-cvmbus", STATE_VIOLATING, STATE_UNPROTECTED, STATE_VIOLATING },
                { "hyperv-plain", STATE_FAILED, STATE_NOT_APPLICABLE, STATE_NOT_APPLICABLE },
                { "not-hyperv", STATE_FAILED, STATE_NOT_APPLICABLE, STATE_NOT_APPLICABLE },
        };

        assert_int_equal(policy_new_built_in(&built_in), 0);
        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(rows[i].name);
                const struct policy *policies[] = { strict, standard, built_in };
                const enum guest_state states[] = { rows[i].strict, rows[i].standard, rows[i].built_in };

                for (size_t j = 0; j < 3; j++) {
                        _cleanup_(evaluation_freep) struct evaluation *e = evaluate(policies[j], g);
                        _cleanup_(freep) enum verdict *verdicts =
                                calloc(g->n_devices + 1, sizeof(*verdicts));

                        for (size_t k = 0; k < e->n; k++)
                                verdicts[k] = verdict_of(&e->decisions[k], &g->devices[k], ENFORCEMENT_NONE);
                        if (state_of(e, verdicts) != states[j])
                                fail_msg("%s, policy %zu: %s", rows[i].name, j,
                                        guest_state_to_string(state_of(e, verdicts)));
                }
        }
}

/* Installing cvmd must not lock anyone out: the shipped policy never asks for an action. */
static void the_default_policy_never_acts(void **state) {
        static const char *const names[] = { "snp-openhcl", "snp-no-cvmbus", "snp-root-plain",
                "tdx-openhcl" };
        _cleanup_(policy_freep) struct policy *p = shipped(POLICIES "/90-default.json");

        assert_int_equal(p->mode, MODE_AUDIT);
        for (size_t i = 0; i < N_ROWS(names); i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(names[i]);
                _cleanup_(evaluation_freep) struct evaluation *e = evaluate(p, g);

                for (size_t j = 0; j < e->n; j++)
                        assert_true(e->decisions[j].action == ACTION_ALLOW ||
                                e->decisions[j].action == ACTION_AUDIT);
        }
}

static void the_root_disk_is_protected(void **state) {
        _cleanup_(policy_freep) struct policy *p = shipped(POLICIES "/examples/strict.json");
        _cleanup_(guest_freep) struct guest *g = fixture_guest("snp-root-plain");
        _cleanup_(evaluation_freep) struct evaluation *e = evaluate(p, g);
        size_t spared = 0;

        for (size_t i = 0; i < e->n; i++) {
                if (!e->decisions[i].protected)
                        continue;
                spared++;
                assert_string_equal(g->devices[i].known->name, "scsi");
                assert_int_equal(verdict_of(&e->decisions[i], &g->devices[i], ENFORCEMENT_NONE),
                        VERDICT_PROTECTED);
        }
        assert_int_equal(spared, 1);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_of_a_device),
        cmocka_unit_test(intended_verdicts_of_a_device),
        cmocka_unit_test(states_of_a_guest),
        cmocka_unit_test(shipped_policies_on_recorded_guests),
        cmocka_unit_test(the_default_policy_never_acts),
        cmocka_unit_test(the_root_disk_is_protected),
};

RUN(tests)
