/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/harness.h"

#include "lib/base/json-build.h"

static void json_build_makes_every_kind(void **state) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *list = json_object_new_array();

        assert_true(json_append_text(list, "a\"\n") && json_append_text(list, NULL));
        assert_true(json_append(list, json_object_new_object()));
        assert_true(json_add_text(o, "text", "x") && json_add_text(o, "none", NULL) &&
                json_add_null(o, "null") && json_add_flag(o, "flag", true) &&
                json_add_number(o, "number", UINT64_MAX) && json_add(o, "list", list));
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                "{\"text\":\"x\",\"none\":null,\"null\":null,\"flag\":true,\"number\":18446744073709551615,"
                "\"list\":[\"a\\\"\\n\",null,{}]}");
}

static void json_build_refuses_what_could_not_be_made(void **state) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object(),
                                                *list = json_object_new_array();

        assert_false(json_add(o, "x", NULL));
        assert_false(json_append(list, NULL));
        assert_int_equal(json_object_object_length(o), 0);
        assert_int_equal(json_object_array_length(list), 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_build_makes_every_kind),
        cmocka_unit_test(json_build_refuses_what_could_not_be_made),
};

RUN(tests)
