/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/canonical-json: against the examples of RFC 8785 and ECMAScript's way with numbers. */
#include <errno.h>
#include <json-c/json_tokener.h>
#include <math.h>

#include "lib/base/canonical-json.h"
#include "lib/base/json-build.h"
#include "tests/unit/harness.h"

static void check(const char *text, const char *canonical) {
        _cleanup_(json_putp) struct json_object *o = json_tokener_parse(text);
        _cleanup_(freep) char *out = NULL;

        assert_int_equal(canonical_json(o, &out), 0);
        assert_string_equal(out, canonical);
}

/* RFC 8785, 3.2.2 and 3.2.3. */
static void the_examples_of_the_rfc(void **state) {
        check("{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
              "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
              "\"literals\":[null,true,false]}",
                "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
        check("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet "
              "With Dagesh\","
              "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
              "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
                "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With "
                "Dagesh\"}");
}

static void nesting_and_white_space(void **state) {
        check("  { \"b\" : [ 1 , { \"z\" : 0 , \"a\" : { } } , [ ] ] , \"a\" : null } ",
                "{\"a\":null,\"b\":[1,{\"a\":{},\"z\":0},[]]}");
        check("\"\\b\\f\\t\\u001f\\u007f\"", "\"\\b\\f\\t\\u001f\x7f\"");
        check("-9007199254740991", "-9007199254740991");
}

/* RFC 8785, appendix B, by the bits of the double; and where the notation changes. */
static void numbers_as_ecmascript_writes_them(void **state) {
        static const struct {
                uint64_t bits;
                const char *text;
        } rows[] = {
                { 0x0000000000000000, "0" },
                { 0x8000000000000000, "0" },
                { 0x0000000000000001, "5e-324" },
                { 0x8000000000000001, "-5e-324" },
                { 0x7fefffffffffffff, "1.7976931348623157e+308" },
                { 0xffefffffffffffff, "-1.7976931348623157e+308" },
                { 0x4340000000000000, "9007199254740992" },
                { 0xc340000000000000, "-9007199254740992" },
                { 0x4430000000000000, "295147905179352830000" },
                { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
                { 0x44b52d02c7e14af6, "1e+23" },
                { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
                { 0x444b1ae4d6e2ef4e, "999999999999999700000" },
                { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
                { 0x444b1ae4d6e2ef50, "1e+21" },
                { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
                { 0x3eb0c6f7a0b5ed8d, "0.000001" },
                { 0x41b3de4355555553, "333333333.3333332" },
                { 0x41b3de4355555554, "333333333.33333325" },
                { 0x41b3de4355555555, "333333333.3333333" },
                { 0x41b3de4355555556, "333333333.3333334" },
                { 0x41b3de4355555557, "333333333.33333343" },
                { 0xbecbf647612f3696, "-0.0000033333333333333333" },
                { 0x43143ff3c1cb0959, "1424953923781206.2" },
                { 0x3ff8000000000000, "1.5" },
                { 0x3fb999999999999a, "0.1" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[CANONICAL_NUMBER_SIZE];
                double v;

                memcpy(&v, &rows[i].bits, sizeof(v));
                canonical_number(v, text);
                assert_string_equal(text, rows[i].text);
        }
}

static void what_has_no_canonical_form_is_refused(void **state) {
        struct json_object *bad[] = {
                json_object_new_double(NAN),
                json_object_new_double(INFINITY),
                json_object_new_int64(INT64_C(9007199254740992)),
                json_object_new_int64(INT64_C(-9007199254740992)),
                json_object_new_uint64(UINT64_MAX),
                json_object_new_string("\xff"),
                json_object_new_string("\xed\xa0\x80"),
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                _cleanup_(json_putp) struct json_object *o = json_object_new_object();
                char *out = NULL;

                assert_true(json_add(o, "k", bad[i]));
                assert_int_equal(canonical_json(o, &out), i < 5 ? -ERANGE : -EILSEQ);
                assert_null(out);
        }
}

static void a_key_that_is_no_utf8_is_refused(void **state) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char *out = NULL;

        assert_true(json_add_null(o, "\xc3"));
        assert_true(json_add_null(o, "a"));
        assert_int_equal(canonical_json(o, &out), -EILSEQ);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc),
        cmocka_unit_test(nesting_and_white_space),
        cmocka_unit_test(numbers_as_ecmascript_writes_them),
        cmocka_unit_test(what_has_no_canonical_form_is_refused),
        cmocka_unit_test(a_key_that_is_no_utf8_is_refused),
};

RUN(tests)
