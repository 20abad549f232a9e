/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/cmw: collections there and back, and everything that is none. */
#include "lib/format/cmw.h"
#include "tests/unit/format-harness.h"

#define GOOD                                                                                            \
        "{\"__cmwc_t\":\"" CMW_BUNDLE_TYPE "\",\"claims\":[\"application/json\",\"e30\",4],\"x\\\"y\":" \
        "[\"text/plain\",\"\"]}"

static int parse(const void *bytes, size_t n, struct diag *d) {
        _cleanup_(cmw_done) struct cmw c = {};

        return cmw_parse(bytes, n, &c, d);
}

static void there_and_back(void **state) {
        _cleanup_(cmw_done) struct cmw c = {};
        _cleanup_(freep) char *text = NULL;
        const struct cmw_record *claims;
        struct diag d = {};

        assert_int_equal(cmw_parse(GOOD, strlen(GOOD), &c, &d), 0);
        assert_string_equal(c.collection_type, CMW_BUNDLE_TYPE);
        assert_int_equal(c.n_records, 2);
        claims = cmw_find(&c, "claims");
        assert_non_null(claims);
        assert_string_equal(claims->media_type, "application/json");
        assert_int_equal(claims->indicator, CMW_EVIDENCE);
        assert_int_equal(claims->content.n, 2);
        assert_memory_equal(claims->content.bytes, "{}", 2);
        assert_int_equal(c.records[1].indicator, 0);
        assert_int_equal(c.records[1].content.n, 0);
        assert_null(cmw_find(&c, "__cmwc_t"));
        assert_int_equal(cmw_format(c.collection_type, c.records, c.n_records, &text), 0);
        assert_string_equal(text, GOOD);
        assert_cut_is_refused(GOOD, strlen(GOOD), parse);
}

static void others_are_refused(void **state) {
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "[\"a/b\",\"e30\"]", "CMW: a list where an object belongs" },
                { "{}", "CMW: no records" },
                { "{\"__cmwc_t\":\"x\"}", "CMW: no records" },
                { "{\"__cmwc_t\":1,\"a\":[\"a/b\",\"\"]}",
                        "CMW: 1:13: \"__cmwc_t\" is a number, not a string" },
                { "{\"a\":{\"b\":[\"a/b\",\"\"]}}",
                        "CMW: record \"a\" at 1:2: a record is a list of media type, value and, maybe, "
                        "indicator" },
                { "{\"a\":[]}",
                        "CMW: record \"a\" at 1:2: a record is a list of media type, value and, maybe, "
                        "indicator" },
                { "{\"a\":[\"a/b\"]}",
                        "CMW: record \"a\" at 1:2: a record is a list of media type, value and, maybe, "
                        "indicator" },
                { "{\"a\":[\"a/b\",\"\",4,4]}",
                        "CMW: record \"a\" at 1:2: a record is a list of media type, value and, maybe, "
                        "indicator" },
                { "{\"a\":[60,\"\"]}", "CMW: record \"a\" at 1:2: its media type is not a string" },
                { "{\"a\":[\"\",\"\"]}", "CMW: record \"a\" at 1:2: its media type is not a string" },
                { "{\"a\":[\"a/b\",1]}", "CMW: record \"a\" at 1:2: its value is not a string" },
                { "{\"a\":[\"a/b\",\"e30=\"]}",
                        "CMW: record \"a\" at 1:2: its value is not base64url without padding" },
                { "{\"a\":[\"a/b\",\"e31\"]}",
                        "CMW: record \"a\" at 1:2: its value is not base64url without padding" },
                { "{\"a\":[\"a/b\",\"e3+\"]}",
                        "CMW: record \"a\" at 1:2: its value is not base64url without padding" },
                { "{\"a\":[\"a/b\",\"\",0]}",
                        "CMW: record \"a\" at 1:2: its indicator is not a number of 1 to 31" },
                { "{\"a\":[\"a/b\",\"\",32]}",
                        "CMW: record \"a\" at 1:2: its indicator is not a number of 1 to 31" },
                { "{\"a\":[\"a/b\",\"\",\"4\"]}",
                        "CMW: record \"a\" at 1:2: its indicator is not a number of 1 to 31" },
                { "{\"a\":[\"a/b\",\"\"],\"a\":[\"a/b\",\"\"]}",
                        "CMW: 1:17: this key was given before, at 1:2: remove one of them" },
                { "{\"a\":[\"a/b\",\"\"] /* */}", "CMW: 1:17: unexpected /; a comma or } is missing" },
                { "{\"a\":[\"a/b\",\"\"]}{}", "CMW: 1:17: something follows the end of the value" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag d = {};

                assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &d), -EBADMSG);
                assert_string_equal(d.text, rows[i].says);
        }
}

static void records_are_counted(void **state) {
        for (unsigned n = CMW_RECORDS_MAX; n <= CMW_RECORDS_MAX + 1; n++) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                FILE *f = open_memstream(&text, &size);
                struct diag d = {};

                assert_non_null(f);
                for (unsigned i = 0; i < n; i++)
                        fprintf(f, "%c\"r%u\":[\"a/b\",\"\"]", i ? ',' : '{', i);
                fputc('}', f);
                fclose(f);
                assert_int_equal(parse(text, size, &d), n > CMW_RECORDS_MAX ? -EBADMSG : 0);
                assert_string_equal(d.text, n > CMW_RECORDS_MAX ? "CMW: more than 64 records" : "");
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(records_are_counted),
};

RUN(tests)
