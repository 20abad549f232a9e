/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/verify/claims-appraisal: what cvmd says of a guest, beside what was expected; what it does not say is
 * not met. */
#include <string.h>

#include "lib/base/json-record.h"
#include "lib/verify/claims-appraisal.h"
#include "tests/unit/harness.h"

#define AT 1800000000 /* seconds since 1970 */
#define DIGEST "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "sha256:ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct row {
        const char *expected, *claims; /* claims NULL: the evidence carries none */
        enum check_id id;
        enum check_result result; /* 0: not judged */
        const char *says;         /* part of the detail */
};

static const struct row rows[] = {
        { "\"policy-digest\":\"" DIGEST "\"", "{\"policy\":{\"digest\":\"" DIGEST "\"}}",
                CHECK_POLICY_DIGEST, CHECK_PASS, "" },
        { "\"policy-digest\":[\"" OTHER "\",\"" DIGEST "\"]", "{\"policy\":{\"digest\":\"" DIGEST "\"}}",
                CHECK_POLICY_DIGEST, CHECK_PASS, "" },
        { "\"policy-digest\":\"" DIGEST "\"", "{\"policy\":{\"digest\":\"" OTHER "\"}}", CHECK_POLICY_DIGEST,
                CHECK_FAIL, "" },
        { "\"policy-digest\":\"" DIGEST "\"", "{\"policy\":{\"digest\":\"sha256:00\"}}", CHECK_POLICY_DIGEST,
                CHECK_UNAVAILABLE, "" },
        { "\"policy-digest\":\"" DIGEST "\"", "{\"policy\":\"" DIGEST "\"}", CHECK_POLICY_DIGEST,
                CHECK_UNAVAILABLE, "" },
        { "\"policy-digest\":\"" DIGEST "\"", "{}", CHECK_POLICY_DIGEST, CHECK_UNAVAILABLE, "" },
        { "\"policy-digest\":\"" DIGEST "\"", NULL, CHECK_POLICY_DIGEST, CHECK_UNAVAILABLE, "no claims" },
        { "\"mode\":\"enforce\"", "{\"mode\":\"enforce\"}", CHECK_MODE, CHECK_PASS, "\"enforce\"" },
        { "\"mode\":[\"off\",\"audit\"]", "{\"mode\":\"audit\"}", CHECK_MODE, CHECK_PASS, "\"audit\"" },
        { "\"mode\":\"enforce\"", "{\"mode\":\"audit\"}", CHECK_MODE, CHECK_FAIL, "\"audit\"" },
        { "\"mode\":\"enforce\"", "{\"mode\":\"Enforce\"}", CHECK_MODE, CHECK_FAIL, "\"Enforce\"" },
        { "\"mode\":\"enforce\"", "{\"mode\":1}", CHECK_MODE, CHECK_UNAVAILABLE, "the claims do not say" },
        { "\"mode\":\"enforce\"", "{}", CHECK_MODE, CHECK_UNAVAILABLE, "the claims do not say" },
        { "\"mode\":\"enforce\"", NULL, CHECK_MODE, CHECK_UNAVAILABLE, "no claims" },
        { "\"comment\":\"\"", "{\"mode\":\"off\"}", CHECK_MODE, 0, "" },
        { "\"state\":\"compliant\"", "{\"state\":\"compliant\"}", CHECK_STATE, CHECK_PASS, "\"compliant\"" },
        { "\"state\":\"compliant\"", "{\"state\":\"failed\"}", CHECK_STATE, CHECK_FAIL, "\"failed\"" },
        { "\"state\":\"compliant\"", "{\"state\":\"\"}", CHECK_STATE, CHECK_FAIL, "\"\"" },
        { "\"state\":\"compliant\"", NULL, CHECK_STATE, CHECK_UNAVAILABLE, "no claims" },
        { "\"verdicts\":[\"allowed\",\"blocked\"]",
                "{\"devices\":[{\"verdict\":\"allowed\"},{\"verdict\":\"blocked\"}]}", CHECK_DEVICES,
                CHECK_PASS, "2 as expected" },
        { "\"verdicts\":\"allowed\"", "{\"devices\":[]}", CHECK_DEVICES, CHECK_PASS, "0 as expected" },
        { "\"verdicts\":\"allowed\"",
                "{\"devices\":[{\"verdict\":\"allowed\"},{\"instance\":\"x\",\"verdict\":\"violating\"}]}",
                CHECK_DEVICES, CHECK_FAIL, "\"x\" is \"violating\"" },
        { "\"verdicts\":\"allowed\"", "{\"devices\":[{\"instance\":\"x\"}]}", CHECK_DEVICES, CHECK_FAIL,
                "\"x\" is \"without a verdict\"" },
        { "\"verdicts\":\"allowed\"", "{\"devices\":[{\"verdict\":\"fine\"}]}", CHECK_DEVICES, CHECK_FAIL,
                "\"a device\" is \"fine\"" },
        { "\"verdicts\":\"allowed\"", "{\"devices\":{}}", CHECK_DEVICES, CHECK_UNAVAILABLE,
                "name no devices" },
        { "\"verdicts\":\"allowed\"", "{}", CHECK_DEVICES, CHECK_UNAVAILABLE, "name no devices" },
        { "\"verdicts\":\"allowed\"", NULL, CHECK_DEVICES, CHECK_UNAVAILABLE, "no claims" },
        { "\"age\":300", "{\"time-usec\":1799999700000000}", CHECK_AGE, CHECK_PASS, "300 seconds old" },
        { "\"age\":300", "{\"time-usec\":1799999699000000}", CHECK_AGE, CHECK_FAIL, "301 seconds old" },
        { "\"age\":300", "{\"time-usec\":1900000000000000}", CHECK_AGE, CHECK_FAIL,
                "-100000000 seconds old" },
        { "\"age\":300", "{\"time-usec\":\"1799999700000000\"}", CHECK_AGE, CHECK_UNAVAILABLE, "no time" },
        { "\"age\":300", "{}", CHECK_AGE, CHECK_UNAVAILABLE, "no time" },
        { "\"age\":300", NULL, CHECK_AGE, CHECK_UNAVAILABLE, "no claims" },
};

static struct check judge(const struct row *row) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(expectation_freep) struct expectation *x = NULL;
        _cleanup_(json_document_freep) struct json_document *claims = NULL;
        _cleanup_(freep) char *text = NULL;
        static struct evidence e;
        static struct checks c;

        assert_true(asprintf(&text, "{\"version\":1,%s}", row->expected) > 0);
        assert_int_equal(expectation_parse("expected", text, strlen(text), &x, &problems, NULL), 0);
        if (row->claims)
                assert_int_equal(
                        json_record_parse(row->claims, strlen(row->claims), "claims", &claims, NULL), 0);
        e = (struct evidence){ .claims_document = claims };
        checks_reset(&c, 0);
        claims_appraise(&e, x, AT, &c);
        return c.of[row->id];
}

static void claims_are_what_was_expected_or_told(void **state) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct check c = judge(&rows[i]);

                if (c.result != rows[i].result || !strstr(c.detail, rows[i].says))
                        fail_msg("row %zu: %s, \"%s\"", i,
                                c.result ? check_result_to_string(c.result) : "not judged", c.detail);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_what_was_expected_or_told),
};
RUN(tests)
