/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/json-record: JSON of other programs, and what is said of it. */
#include <errno.h>

#include "lib/base/json-record.h"
#include "tests/unit/harness.h"

static void what_is_wrong_has_its_place(void **state) {
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "",
                        "thing: 1:1: the text ends here; a value (string, whole number, true, false, null, "
                        "list or "
                        "object) is missing" },
                { "[]", "thing: a list where an object belongs" },
                { "{\n /* why */}", "thing: 2:2: unexpected /; a key in double quotes is missing" },
                { "{} // end", "thing: 1:4: something follows the end of the value" },
                { "{\"a\":1,\"a\":2}", "thing: 1:8: this key was given before, at 1:2: remove one of them" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct json_document *untouched = NULL;
                struct diag d = {};

                assert_int_equal(
                        json_record_parse(rows[i].text, strlen(rows[i].text), "thing", &untouched, &d),
                        -EBADMSG);
                assert_string_equal(d.text, rows[i].says);
                assert_null(untouched);
        }
}

static void values_are_counted(void **state) {
        _cleanup_(json_document_freep) struct json_document *few = NULL, *many = NULL;

        assert_int_equal(json_scan_plain("{\"a\":[1,2]}", 11, 4, &few), 0);
        assert_null(few->problems);
        assert_int_equal(json_scan_plain("{\"a\":[1,2]}", 11, 3, &many), 0);
        assert_string_equal(many->problems->message, "more values than belong here");
        assert_null(many->root);
}

static void members_are_of_their_kind(void **state) {
        static const char text[] = "{\"a\":1,\"b\":\"x\"}";
        static const char *const both[] = { "a", "b" };
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        const struct json_node *member = NULL;
        struct diag d = {};

        assert_int_equal(json_record_parse(text, strlen(text), "thing", &document, &d), 0);
        assert_int_equal(json_record_member(document->root, "a", JSON_INTEGER, &member, &d), 0);
        assert_int_equal(member->integer, 1);
        assert_int_equal(json_record_member(document->root, "b", JSON_INTEGER, &member, &d), -EBADMSG);
        assert_string_equal(d.text, "1:12: \"b\" is a string, not a number");
        assert_int_equal(member->integer, 1);
        assert_int_equal(json_record_member(document->root, "c", JSON_INTEGER, &member, &d), -EBADMSG);
        assert_string_equal(d.text, "1:1: \"c\" is missing");
        assert_int_equal(json_record_optional(document->root, "c", JSON_INTEGER, &member, &d), 0);
        assert_null(member);
        assert_int_equal(json_record_only(document->root, both, 2, &d), 0);
        assert_int_equal(json_record_only(document->root, both, 1, &d), -EBADMSG);
        assert_string_equal(d.text, "1:8: \"b\" does not belong here");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_has_its_place),
        cmocka_unit_test(values_are_counted),
        cmocka_unit_test(members_are_of_their_kind),
};

RUN(tests)
