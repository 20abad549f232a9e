/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/options: the command line of cvmd, and the word for it on the kernel's. */
#include <errno.h>

#include "daemon/options.h"
#include "daemon/state.h"
#include "tests/unit/harness.h"

#define ARGUMENTS_MAX 8

static int parse(const char *const arguments[], struct options *ret, enum options_outcome *outcome,
        struct diag *d) {
        char *argv[ARGUMENTS_MAX + 2] = { (char *)"cvmd" };
        int argc = 1;

        for (; arguments[argc - 1]; argc++)
                argv[argc] = (char *)arguments[argc - 1];
        return options_parse(argc, argv, ret, outcome, d);
}

static void nothing_given_is_the_system(void **state) {
        enum options_outcome outcome;
        struct options o;

        assert_int_equal(parse((const char *[]){ NULL }, &o, &outcome, NULL), 0);
        assert_int_equal(outcome, OPTIONS_RUN);
        assert_string_equal(o.root, "/");
        assert_string_equal(o.state, STATE_FOLDER);
        assert_null(o.simulator);
        assert_null(o.bus);
        assert_null(o.cpuid);
        assert_int_equal(o.probe, PROBE_AUTO);
        assert_int_equal(o.mode, MODE_UNSET);
}

static void all_can_be_given_in_both_forms(void **state) {
        enum options_outcome outcome;
        struct options o;

        assert_int_equal(parse((const char *[]){ "--root", "r", "--simulator=s", "--state=t", "--bus=b",
                                       "--cpuid=c", "--probe=kprobe", NULL },
                                 &o, &outcome, NULL),
                0);
        assert_string_equal(o.root, "r");
        assert_string_equal(o.simulator, "s");
        assert_string_equal(o.state, "t");
        assert_string_equal(o.bus, "b");
        assert_string_equal(o.cpuid, "c");
        assert_int_equal(o.probe, PROBE_KPROBE);
        assert_int_equal(parse((const char *[]){ "--mode=audit", NULL }, &o, &outcome, NULL), 0);
        assert_int_equal(o.mode, MODE_AUDIT);
        assert_int_equal(parse((const char *[]){ "--event-buffer=4096", NULL }, &o, &outcome, NULL), 0);
        assert_int_equal(o.event_buffer, 4096);
}

static void there_is_one_task(void **state) {
        static const struct {
                const char *argument;
                enum options_task task;
        } rows[] = {
                { "--root=/", TASK_SERVE },
                { "--early", TASK_EARLY },
                { "--handover=/root", TASK_HANDOVER },
                { "--release", TASK_RELEASE },
                { "--release=gate", TASK_OPEN_GATE },
                { "--flush", TASK_FLUSH },
        };
        enum options_outcome outcome;
        struct options o;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(parse((const char *[]){ rows[i].argument, NULL }, &o, &outcome, NULL), 0);
                assert_int_equal(o.task, rows[i].task);
                assert_int_equal(o.new_root != NULL, o.task == TASK_HANDOVER);
                for (size_t j = 1; j < i; j++)
                        assert_int_equal(parse((const char *[]){ rows[j].argument, rows[i].argument, NULL },
                                                 &o, &outcome, NULL),
                                -EINVAL);
        }
        assert_int_equal(parse((const char *[]){ "--background", "--early", NULL }, &o, &outcome, NULL), 0);
        assert_true(o.background);
        assert_int_equal(parse((const char *[]){ "--background", NULL }, &o, &outcome, NULL), -EINVAL);
}

static void mistakes_are_named(void **state) {
        static const struct {
                const char *arguments[3], *named;
        } rows[] = {
                { { "--mode=on" }, "--mode=on" },
                { { "--mode=unset" }, "--mode=unset" },
                { { "--probe=ftrace" }, "--probe=ftrace" },
                { { "--event-buffer=4k" }, "--event-buffer=4k" },
                { { "--event-buffer=0" }, "--event-buffer=0" },
                { { "--release=all" }, "--release=all" },
                { { "--state" }, "--state" },
                { { "--verbose" }, "--verbose" },
                { { "--root=r", "--nonsense" }, "--nonsense" },
                { { "-x" }, "-x" },
                { { "start" }, "start" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum options_outcome outcome = OPTIONS_SAID;
                struct options o = { .root = "untouched" };
                struct diag d = {};

                assert_int_equal(parse(rows[i].arguments, &o, &outcome, &d), -EINVAL);
                if (!strstr(d.text, rows[i].named))
                        fail_msg("row %zu: %s", i, d.text);
                assert_string_equal(o.root, "untouched");
                assert_int_equal(outcome, OPTIONS_SAID);
        }
}

static void the_last_mode_of_the_kernel_counts(void **state) {
        static const struct {
                const char *line;
                int r;
                enum policy_mode mode;
        } rows[] = {
                { "", 0, MODE_UNSET },
                { "root=/dev/sda1 ro quiet", 0, MODE_UNSET },
                { "cvmd.mode=off", 0, MODE_OFF },
                { "ro cvmd.mode=audit quiet", 0, MODE_AUDIT },
                { "cvmd.mode=off cvmd.mode=enforce\n", 0, MODE_ENFORCE },
                { "xcvmd.mode=off", 0, MODE_UNSET },
                { "cvmd.mode", 0, MODE_UNSET },
                { "cvmd.mode=", -EBADMSG, MODE_UNSET },
                { "cvmd.mode=Off", -EBADMSG, MODE_UNSET },
                { "cvmd.mode=offf", -EBADMSG, MODE_UNSET },
                { "cvmd.mode=unset", -EBADMSG, MODE_UNSET },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum policy_mode mode = MODE_UNSET;

                assert_int_equal(options_kernel_mode(rows[i].line, &mode, NULL), rows[i].r);
                assert_int_equal(mode, rows[i].mode);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_is_the_system),
        cmocka_unit_test(all_can_be_given_in_both_forms),
        cmocka_unit_test(there_is_one_task),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(the_last_mode_of_the_kernel_counts),
};

RUN(tests)
