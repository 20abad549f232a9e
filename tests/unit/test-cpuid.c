/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUID leaves: executed, read from a recording, kept in order. */
#include <errno.h>

#include "lib/facts/cpuid.h"
#include "tests/unit/harness.h"

static const char recording[] = "# of a guest behind a paravisor\n"
                                "\n"
                                "cpuid 0x4000000c 0 00000001 00000ba2 00000000 00000000\n"
                                "kmsg \"not about cpuid\"\n"
                                "cpuid 0x00000001 1 1 2 3 4\n"
                                "cpuid 1 0 ffffffff 0 fed83203 178bfbff\n";

static void a_recording_is_read_in_order(void **state) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};
        struct diag d = {};

        assert_int_equal(cpuid_parse("name", recording, strlen(recording), &t, &d), 0);
        assert_int_equal(t.n, 3);
        assert_int_equal(t.leaves[0].leaf, 1);
        assert_int_equal(t.leaves[0].subleaf, 0);
        assert_int_equal(t.leaves[0].eax, 0xffffffff);
        assert_int_equal(t.leaves[1].subleaf, 1);
        assert_int_equal(t.leaves[1].edx, 4);
        assert_int_equal(cpuid_find(&t, 0x4000000c, 0)->ebx, 0xba2);
        assert_null(cpuid_find(&t, 0x4000000c, 1));
        assert_null(cpuid_find(&t, 0x40000082, 0));
}

/* A cut line is malformed or, cut between two lines, a recording of less: never a wrong leaf. */
static void a_cut_recording_is_no_other(void **state) {
        static const char line[] = "cpuid 0x4000000c 0 00000001 00000ba2 00000000 12345678";

        for (size_t n = 0; n < strlen(line); n++) {
                _cleanup_(cpuid_table_done) struct cpuid_table t = {};
                _cleanup_(freep) uint8_t *cut = copy_exact(line, n);
                int r = cpuid_parse("cut", (char *)cut, n, &t, NULL);

                if (n > strlen(line) - strlen("12345678"))
                        assert_int_equal(r,
                                0); /* a shorter number: whoever needs to know uses a snapshot's end */
                else
                        assert_int_equal(r, n < strlen("cpuid ") ? -ENODATA : -EBADMSG);
        }
}

static void bad_lines_are_refused_with_their_place(void **state) {
        static const struct {
                const char *text;
                int error;
                const char *says;
        } rows[] = {
                { "", -ENODATA, "f: no cpuid line" },
                { "# cpuid 1 0 0 0 0 0\n", -ENODATA, "f: no cpuid line" },
                { "cpuid 1 0 0 0 0\n", -EBADMSG, "f:1: not" },
                { "\ncpuid 1 0 0 0 0 0 0\n", -EBADMSG, "f:2: not" },
                { "cpuid x 0 0 0 0 0\n", -EBADMSG, "f:1: not" },
                { "cpuid 1 a 0 0 0 0\n", -EBADMSG, "f:1: not" },
                { "cpuid 1 0 100000000 0 0 0\n", -EBADMSG, "f:1: not" },
                { "cpuid 1 0  0 0 0 0\n", -EBADMSG, "f:1: not" },
                { "cpuid 1 0 -1 0 0 0\n", -EBADMSG, "f:1: not" },
                { "cpuid 1 0 0 0 0 0\ncpuid 0x1 0 1 1 1 1\n", -EBADMSG,
                        "f:2: this leaf and subleaf are there twice" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct cpuid_table t = {};
                struct diag d = {};

                assert_int_equal(cpuid_parse("f", rows[i].text, strlen(rows[i].text), &t, &d),
                        rows[i].error);
                assert_int_equal(strncmp(d.text, rows[i].says, strlen(rows[i].says)), 0);
                assert_null(t.leaves);
        }
}

static void a_long_line_is_refused(void **state) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};
        char line[1024];
        struct cpuid_leaf leaf;

        memset(line, '0', sizeof(line));
        memcpy(line, "cpuid ", 6);
        assert_int_equal(cpuid_parse("f", line, sizeof(line), &t, NULL), -EBADMSG);
        line[sizeof(line) - 1] = 0;
        assert_int_equal(cpuid_leaf_parse(line, &leaf), -EBADMSG);
}

static void a_pair_is_there_once(void **state) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};

        assert_int_equal(cpuid_table_add(&t, &(struct cpuid_leaf){ .leaf = 7, .subleaf = 1 }), 0);
        assert_int_equal(cpuid_table_add(&t, &(struct cpuid_leaf){ .leaf = 7, .subleaf = 0 }), 0);
        assert_int_equal(cpuid_table_add(&t, &(struct cpuid_leaf){ .leaf = 7, .subleaf = 1 }), -EEXIST);
        assert_int_equal(t.n, 2);
        assert_int_equal(t.leaves[0].subleaf, 0);
}

static void the_processor_answers(void **state) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};
        struct diag d = {};
        int r = cpuid_read(&t, &d);
        const struct cpuid_leaf *first;

        if (r == -EOPNOTSUPP)
                skip(); /* no x86 */
        assert_int_equal(r, 0);
        first = cpuid_find(&t, 0, 0);
        assert_non_null(first);
        assert_true(first->eax >= 1);
        assert_non_null(cpuid_find(&t, 1, 0));
        /* under a hypervisor both of its ranges, else neither */
        assert_int_equal(cpuid_find(&t, 1, 0)->ecx >> 31, cpuid_find(&t, 0x40000000, 0) != NULL);
        assert_int_equal(cpuid_find(&t, 1, 0)->ecx >> 31, cpuid_find(&t, 0x40000082, 0) != NULL);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_is_read_in_order),
        cmocka_unit_test(a_cut_recording_is_no_other),
        cmocka_unit_test(bad_lines_are_refused_with_their_place),
        cmocka_unit_test(a_long_line_is_refused),
        cmocka_unit_test(a_pair_is_there_once),
        cmocka_unit_test(the_processor_answers),
};

RUN(tests)
