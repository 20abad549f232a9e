/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/harness.h"

#include <errno.h>

#include "daemon/attest/options.h"

static int parse(struct attest_options *o, struct diag *d, char *const arguments[]) {
        char *argv[8] = { (char *)"cvmd-attest" };
        bool said = false;
        int argc = 1;

        while (arguments[argc - 1]) {
                argv[argc] = arguments[argc - 1];
                argc++;
        }
        return attest_options_parse(argc, argv, o, &said, d);
}

static void test_defaults(void **state) {
        struct attest_options o;
        struct diag d = {};

        assert_int_equal(setenv("TCTI", "none", 1), 0);
        assert_int_equal(parse(&o, &d, (char *[]){ NULL }), 0);
        assert_null(o.bus);
        assert_string_equal(o.tcti, "device:/dev/tpmrm0");
        assert_string_equal(o.state, "/run/cvmd-attest");
        assert_int_equal(o.idle_usec, 30000000);
        assert_int_equal(o.window_usec, 2000000);
}

static void test_all(void **state) {
        struct attest_options o;
        struct diag d = {};

        assert_int_equal(parse(&o, &d,
                                 (char *[]){ (char *)"--bus=a", (char *)"--tcti=b", (char *)"--state=c",
                                         (char *)"--idle=1", (char *)"--window=0", NULL }),
                0);
        assert_string_equal(o.bus, "a");
        assert_string_equal(o.tcti, "b");
        assert_string_equal(o.state, "c");
        assert_int_equal(o.idle_usec, 1000000);
        assert_int_equal(o.window_usec, 0);
}

static void test_refused(void **state) {
        static const struct {
                const char *argument, *says;
        } rows[] = {
                { "--idle=0", "1 to 3600" },
                { "--idle=3601", "1 to 3600" },
                { "--window=60001", "0 to 60000" },
                { "--window=x", "0 to 60000" },
                { "--other", "--other: no such option" },
                { "word", "options only" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct attest_options o;
                struct diag d = {};

                assert_int_equal(parse(&o, &d, (char *[]){ (char *)rows[i].argument, NULL }), -EINVAL);
                assert_non_null(strstr(d.text, rows[i].says));
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_refused),
};

RUN(tests)
