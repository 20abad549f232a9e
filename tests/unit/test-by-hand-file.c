/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of decisions that last: what is written is read again, and nothing else is. */
#include <errno.h>

#include "lib/policy/by-hand-file.h"
#include "tests/unit/policy-harness.h"
#include "tests/unit/scratch.h"

static const struct guid a = { .bytes = { 1 } }, b = { .bytes = { 2 } }, c = { .bytes = { 3 } };

static struct hand_decisions two(void) {
        struct hand_decisions l = {};

        assert_int_equal(hand_decisions_set(&l, &b, false), 0);
        assert_int_equal(hand_decisions_set(&l, &a, false), 0);
        assert_int_equal(hand_decisions_set(&l, &a, true), 0);
        return l;
}

static char *text_of(const struct hand_decisions *l) {
        char *text;

        assert_int_equal(by_hand_file_format(l, &text), 0);
        return text;
}

static void a_list_is_sorted_and_has_each_device_once(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two();

        assert_int_equal(l.n, 2);
        assert_true(guid_equal(&l.decisions[0].instance, &a) && l.decisions[0].allow);
        assert_true(guid_equal(&l.decisions[1].instance, &b) && !l.decisions[1].allow);
        assert_ptr_equal(hand_decisions_find(&l, &b), &l.decisions[1]);
        assert_null(hand_decisions_find(&l, &c));
        hand_decisions_remove(&l, &c);
        assert_int_equal(l.n, 2);
        hand_decisions_remove(&l, &a);
        assert_int_equal(l.n, 1);
        assert_null(hand_decisions_find(&l, &a));
}

static void what_is_written_is_read_again(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two(), again = {};
        _cleanup_(freep) char *text = text_of(&l);

        assert_int_equal(by_hand_file_parse(text, strlen(text), &again, NULL), 0);
        assert_int_equal(again.n, l.n);
        for (size_t i = 0; i < l.n; i++) {
                assert_true(guid_equal(&again.decisions[i].instance, &l.decisions[i].instance));
                assert_int_equal(again.decisions[i].allow, l.decisions[i].allow);
        }
}

static void it_is_a_policy_that_decides(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two();
        _cleanup_(freep) char *text = text_of(&l);
        _cleanup_(policy_freep) struct policy *p = policy_of(text);

        assert_int_equal(p->n_rules, 2);
        assert_int_equal(p->rules[0].action, ACTION_ALLOW);
        assert_int_equal(p->rules[1].action, ACTION_BLOCK);
        assert_false(by_hand_file_has(&p->rules[0])); /* policy_of() has it from elsewhere */
        p->rules[0].origin.file = BY_HAND_FILE;
        assert_true(by_hand_file_has(&p->rules[0]));
}

static void cut_short_it_is_refused(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two(), again = {};
        _cleanup_(freep) char *text = text_of(&l);

        for (size_t n = 0; n < strlen(text); n++) {
                _cleanup_(freep) char *cut = malloc(n + 1);

                memcpy(cut, text, n);
                assert_int_equal(by_hand_file_parse(cut, n, &again, NULL), -EBADMSG);
        }
        assert_int_equal(again.n, 0);
}

#define GUID_TEXT "01000000-0000-0000-0000-000000000000"

static void what_a_person_wrote_is_refused_with_its_line(void **state) {
        static const struct {
                const char *text, *says;
        } table[] = {
                { "", "10-by-hand.json" },
                { "{ \"version\": 1 }", ":1: not as cvmd writes it" },
                { "{ \"version\": 1, \"mode\": \"enforce\" }", ":1: not as" },
                { "{\n\"version\": 1, \"modes\": 1 }", ":2:" },
                { "{ \"version\": 1, \"rules\": [ { \"id\": \"by-hand-" GUID_TEXT
                  "\", \"match\": { \"instance\": \"" GUID_TEXT "\" }, \"action\": \"block\" } ] }",
                        ":1: not as" },
        };
        struct hand_decisions l = {};

        for (size_t i = 0; i < N_ROWS(table); i++) {
                struct diag d = {};

                assert_int_equal(by_hand_file_parse(table[i].text, strlen(table[i].text), &l, &d), -EBADMSG);
                if (!strstr(d.text, table[i].says))
                        fail_msg("row %zu: %s", i, d.text);
        }
}

static void the_file_of_a_root_is_read(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two(), again = {};
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(freep) char *text = text_of(&l);
        struct diag d = {};

        assert_int_equal(sysroot_new(s.path, &root, NULL), 0);
        assert_int_equal(by_hand_file_read(root, &again, NULL), 0);
        assert_int_equal(again.n, 0);
        scratch_write(&s, &BY_HAND_FILE[1], text);
        assert_int_equal(by_hand_file_read(root, &again, NULL), 0);
        assert_int_equal(again.n, 2);
        assert_int_equal(unlinkat(s.fd, &BY_HAND_FILE[1], 0), 0);
        scratch_link(&s, "/dev/null", &BY_HAND_FILE[1]);
        assert_int_equal(by_hand_file_read(root, &again, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "a link"));
}

/* What a load would make of a change: as if it had been made. */
static void a_policy_is_loaded_with_a_change_that_is_not_made(void **state) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = two();
        _cleanup_(freep) char *text = text_of(&l);
        const struct policy_change with = { .path = BY_HAND_FILE, .text = text },
                                   without = { .path = BY_HAND_FILE };
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;

        assert_int_equal(sysroot_new(s.path, &root, NULL), 0);
        scratch_write(&s, "etc/cvmd/policy.d/05-first.json", "{\"version\":1}");
        for (unsigned there = 0; there < 2; there++) {
                _cleanup_(policy_problems_done) struct policy_problems one = {}, two_ = {}, three = {};
                _cleanup_(policy_freep) struct policy *changed = NULL, *removed = NULL, *plain = NULL;

                assert_int_equal(policy_load_changed(root, geteuid(), &with, &changed, &one, NULL), 0);
                assert_int_equal(changed->n_files, 2);
                assert_int_equal(changed->n_rules, 2);
                assert_true(by_hand_file_has(&changed->rules[0]));
                assert_int_equal(policy_load_changed(root, geteuid(), &without, &removed, &two_, NULL), 0);
                assert_int_equal(removed->n_rules, 0);
                assert_int_equal(policy_load(root, geteuid(), &plain, &three, NULL), 0);
                assert_int_equal(plain->n_rules, there ? 1 : 0);
                hand_decisions_remove(&l, &b);
                if (!there) {
                        _cleanup_(freep) char *one_rule = text_of(&l);

                        scratch_write(&s, &BY_HAND_FILE[1], one_rule);
                }
        }
}

static void a_change_outside_of_the_folders_is_refused(void **state) {
        static const char *const paths[] = { "/etc/cvmd/50-a.json", "/etc/cvmd/policy.d/more/50-a.json",
                "/usr/lib/cvmd/policy.d50-a.json", "50-a.json" };
        _cleanup_(scratch_done) struct scratch s = scratch_new();
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;

        assert_int_equal(sysroot_new(s.path, &root, NULL), 0);
        scratch_write(&s, "etc/cvmd/policy.d/05-first.json", "{\"version\":1}");
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                const struct policy_change change = { .path = paths[i], .text = "{\"version\":1}" };
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(policy_freep) struct policy *p = NULL;

                assert_int_equal(policy_load_changed(root, geteuid(), &change, &p, &problems, NULL),
                        -EINVAL);
                assert_null(p);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_sorted_and_has_each_device_once),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(it_is_a_policy_that_decides),
        cmocka_unit_test(cut_short_it_is_refused),
        cmocka_unit_test(what_a_person_wrote_is_refused_with_its_line),
        cmocka_unit_test(the_file_of_a_root_is_read),
        cmocka_unit_test(a_policy_is_loaded_with_a_change_that_is_not_made),
        cmocka_unit_test(a_change_outside_of_the_folders_is_refused),
};

RUN(tests)
