/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases: what makes one that cannot be read, whom an expectation is about, and what is told of the rest. */
#include <errno.h>

#include "lib/policy/policy-case.h"
#include "tests/unit/policy-harness.h"

#define EXPECT(body) "{\"version\":1,\"snapshot\":\"s\",\"policy\":\"p\",\"expect\":{" body "}}"
#define DEVICES(body) EXPECT("\"devices\":{" body "}")

struct parsed {
        int r;
        struct policy_case *c;
        struct policy_problems problems;
        struct diag diag;
};

static void parsed_done(struct parsed *p) {
        policy_case_free(p->c);
        policy_problems_done(&p->problems);
}

static struct parsed parse(const char *text, size_t n) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);
        struct parsed p = {};

        p.r = policy_case_parse("c", (const char *)exact, n, &p.c, &p.problems, &p.diag);
        return p;
}

static const char whole[] =
        "// what is expected\n{ \"version\": 1, \"description\": \"d\", \"snapshot\": \"a/b\",\n"
        "  \"policy\": [\"x\", \"y\"], \"mode\": \"off\",\n"
        "  \"expect\": { \"state\": \"not-applicable\", \"devices\": {\n"
        "    \"scsi\": \"protected\",\n"
        "    \"7\": { \"verdict\": \"blocked\", \"action\": \"halt\", \"rule\": \"(default)\" } } } }\n";

static void a_whole_case_is_read(void **state) {
        _cleanup_(parsed_done) struct parsed p = parse(whole, strlen(whole));
        const struct policy_case *c = p.c;

        assert_int_equal(p.r, 0);
        assert_int_equal(p.problems.n, 0);
        assert_string_equal(c->name, "c");
        assert_string_equal(c->description, "d");
        assert_string_equal(c->snapshot, "a/b");
        assert_int_equal(c->snapshot_origin.line, 2);
        assert_int_equal(c->policies.n, 2);
        assert_string_equal(c->policies.words[1], "y");
        assert_int_equal(c->mode, MODE_OFF);
        assert_int_equal(c->state, STATE_NOT_APPLICABLE);
        assert_int_equal(c->state_origin.line, 4);
        assert_int_equal(c->n, 2);
        assert_string_equal(c->expectations[0].device, "scsi");
        assert_int_equal(c->expectations[0].verdict, VERDICT_PROTECTED);
        assert_int_equal(c->expectations[0].action, ACTION_UNSET);
        assert_null(c->expectations[0].rule);
        assert_string_equal(c->expectations[1].device, "7");
        assert_int_equal(c->expectations[1].origin.line, 6);
        assert_int_equal(c->expectations[1].origin.column, 5);
        assert_int_equal(c->expectations[1].verdict, VERDICT_BLOCKED);
        assert_int_equal(c->expectations[1].action, ACTION_HALT);
        assert_string_equal(c->expectations[1].rule, "(default)");
}

static void mistakes_have_a_place_and_a_cure(void **state) {
        static const struct {
                const char *text;
                unsigned column;
                const char *says;
        } rows[] = {
                { "", 1, "ends here" },
                { "[]", 1, "an object belongs here, not a list" },
                { "{\"version\":2,\"snapshot\":\"s\",\"policy\":\"p\",\"expect\":{\"state\":\"failed\"}}",
                        12, "version 2" },
                { "{\"snapshot\":\"s\",\"policy\":\"p\",\"expect\":{\"state\":\"failed\"}}", 1,
                        "no version" },
                { "{\"version\":1,\"policy\":\"p\",\"expect\":{\"state\":\"failed\"}}", 1,
                        "no \"snapshot\"" },
                { "{\"version\":1,\"snapshot\":\"s\",\"expect\":{\"state\":\"failed\"}}", 1,
                        "no \"policy\"" },
                { "{\"version\":1,\"snapshot\":\"s\",\"policy\":\"p\"}", 1, "expects nothing" },
                { EXPECT(""), 51, "expects nothing and cannot fail" },
                { EXPECT("\"devices\":{}"), 51, "expects nothing and cannot fail" },
                { EXPECT("\"stat\":\"failed\",\"state\":\"failed\""), 52, "did you mean \"state\"?" },
                { EXPECT("\"state\":\"fialed\""), 60, "did you mean \"failed\"?" },
                { EXPECT("\"devices\":[]"), 62, "an object belongs here, not a list" },
                { DEVICES("\"x\":7"), 67, "a verdict or an object" },
                { DEVICES("\"x\":\"pending\""), 67, "none of: allowed, violating, blocked, protected" },
                { DEVICES("\"x\":{}"), 67, "nothing is expected of this device" },
                { DEVICES("\"x\":{\"verdct\":1,\"rule\":\"r\"}"), 68, "did you mean \"verdict\"?" },
                { DEVICES("\"x\":{\"action\":\"unset\"}"), 77, "none of: allow, audit, block, halt" },
                { DEVICES("\"x\":{\"rule\":\"\"}"), 75, "an empty string" },
                { DEVICES("\"x\":\"allowed\",\"x\":\"allowed\""), 77, "was given before" },
                { "{\"version\":1,\"snapshot\":\"\",\"policy\":\"p\",\"expect\":{\"state\":\"failed\"}}", 25,
                        "an empty string" },
                { "{\"version\":1,\"snapshot\":\"s\",\"policy\":[],\"expect\":{\"state\":\"failed\"}}", 38,
                        "an empty list" },
                { "{\"version\":1,\"snapshot\":\"s\",\"policy\":[\"\"],\"expect\":{\"state\":\"failed\"}}",
                        39, "names no file" },
                { "{\"version\":1,\"mode\":\"on\",\"snapshot\":\"s\",\"policy\":\"p\","
                  "\"expect\":{\"state\":\"failed\"}}",
                        21, "none of: audit, enforce, off" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(parsed_done) struct parsed p = parse(rows[i].text, strlen(rows[i].text));
                const struct policy_problem *first = p.problems.problems;

                if (p.r != -EBADMSG || p.c || p.problems.n != 1 || first->column != rows[i].column ||
                        !strstr(first->message, rows[i].says))
                        fail_msg("%s: %d, %zu, %u: %s", rows[i].text, p.r, p.problems.n,
                                first ? first->column : 0, first ? first->message : "");
        }
}

static void all_mistakes_are_told_at_once(void **state) {
        static const char text[] =
                "{\"versoin\":1,\"snapshot\":7,\n\"policy\":{},\n\"expect\":{\"state\":\"x\"}}";
        static const unsigned lines[] = { 1, 1, 1, 2, 3 };
        _cleanup_(parsed_done) struct parsed p = parse(text, strlen(text));

        assert_int_equal(p.r, -EBADMSG);
        assert_int_equal(p.problems.n, N_ROWS(lines));
        for (size_t i = 0; i < N_ROWS(lines); i++)
                assert_int_equal(p.problems.problems[i].line, lines[i]);
        assert_non_null(strstr(p.diag.text, "(and 4 more)"));
}

static void a_cut_case_is_refused(void **state) {
        for (size_t n = 0; n < strlen(whole) - 1; n++) { /* the last byte is a newline */
                _cleanup_(parsed_done) struct parsed p = parse(whole, n);

                assert_int_equal(p.r, -EBADMSG);
                assert_null(p.c);
                assert_true(p.problems.n > 0);
        }
}

/* A guest of two networks, the second plain, and a plain disk; blocked are plain payloads, and the default
 * reports. */
struct court {
        struct policy *policy;
        struct channel channels[3];
        struct device devices[3];
        struct guest guest;
};

static void court_open(struct court *o) {
        *o = (struct court){ .policy = policy_of(
                                     "{\"version\":1,\"mode\":\"enforce\",\"protect\":[],\"rules\":["
                                     "{\"id\":\"net\",\"match\":{\"class\":\"network\"},\"require\":{"
                                     "\"ring\":\"confidential\"},"
                                     "\"on-violation\":\"block\"}],\n\"default\":{\"action\":\"audit\"}}") };
        o->devices[0] = device_of("network", 7, &o->channels[0], CONFIDENTIALITY_CONFIDENTIAL);
        o->devices[1] = device_of("network", 8, &o->channels[1], CONFIDENTIALITY_PLAIN);
        o->devices[2] = device_of("scsi", 9, &o->channels[2], CONFIDENTIALITY_PLAIN);
        o->guest = guest_of_devices(o->devices, 3);
}

struct sentence {
        struct parsed parsed;
        struct case_result result;
        struct policy_problems problems;
        int r;
};

static void sentence_done(struct sentence *s) {
        parsed_done(&s->parsed);
        case_result_done(&s->result);
        policy_problems_done(&s->problems);
}

static struct sentence judge(const struct court *o, const char *text) {
        struct sentence s = { .parsed = parse(text, strlen(text)) };

        assert_int_equal(s.parsed.r, 0);
        s.r = policy_case_judge(s.parsed.c, o->policy, &o->guest, &s.result, &s.problems, NULL);
        assert_int_equal(s.r, s.problems.n_errors > 0 ? -EBADMSG : 0);
        return s;
}

/* Each row: what is expected, how many devices that is about, and what differs: "device what found". */
static void what_differs_is_found(void **state) {
        static const struct {
                const char *text;
                size_t checked;
                const char *findings[4];
        } rows[] = {
                { EXPECT("\"state\":\"violating\""), 0, {} },
                { EXPECT("\"state\":\"compliant\""), 0, { "- state violating" } },
                { DEVICES("\"7\":\"allowed\",\"8\":\"violating\",\"9\":\"violating\""), 3, {} },
                { DEVICES("\"network\":\"allowed\""), 2, { "8 verdict violating" } },
                { DEVICES("\"network\":\"allowed\",\"8\":\"violating\""), 2, {} },
                { DEVICES("\"f8615163-df3e-46c5-913f-f2d2f965ed0e\":\"allowed\",\"8\":\"violating\""), 2,
                        {} },
                { DEVICES("\"*\":\"allowed\""), 3, { "8 verdict violating", "9 verdict violating" } },
                { DEVICES("\"*\":\"violating\",\"network\":\"violating\",\"8\":\"allowed\""), 3,
                        { "7 verdict allowed", "8 verdict violating" } },
                { DEVICES("\"8\":{\"action\":\"block\",\"rule\":\"net\"},\"9\":{\"action\":\"audit\","
                          "\"rule\":\"(default)\"}"),
                        2, {} },
                { DEVICES("\"8\":{\"action\":\"audit\",\"rule\":\"nett\",\"verdict\":\"blocked\"}"), 1,
                        { "8 verdict violating", "8 action block", "8 rule net" } },
        };
        _cleanup_(policy_freep) struct policy *owned = NULL;
        struct court o;

        court_open(&o);
        owned = o.policy;
        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(sentence_done) struct sentence s = judge(&o, rows[i].text);
                char found[64], number[16];
                size_t n = 0;

                assert_int_equal(s.result.n_checked, rows[i].checked);
                for (; n < s.result.n; n++) {
                        const struct case_finding *f = &s.result.findings[n];

                        snprintf(number, sizeof(number), "%u", f->device ? f->device->relid : 0);
                        snprintf(found, sizeof(found), "%s %s %s", f->device ? number : "-", f->what,
                                f->found);
                        if (n >= 4 || !rows[i].findings[n] || strcmp(found, rows[i].findings[n]) != 0)
                                fail_msg("%s: %s", rows[i].text, found);
                        assert_string_equal(f->origin.file, "c");
                        assert_int_equal(f->origin.line, 1);
                }
                if (n < 4 && rows[i].findings[n])
                        fail_msg("%s: not found: %s", rows[i].text, rows[i].findings[n]);
        }
}

static void a_finding_names_the_rule_its_place_and_its_reason(void **state) {
        _cleanup_(policy_freep) struct policy *owned = NULL;
        struct court o;

        court_open(&o);
        owned = o.policy;
        {
                _cleanup_(sentence_done) struct sentence s =
                        judge(&o, DEVICES("\"8\":\"allowed\",\"9\":\"allowed\""));

                assert_int_equal(s.result.n, 2);
                assert_non_null(
                        strstr(s.result.findings[0].because, "net at test.json:1:53: ring of channel 8"));
                assert_string_equal(s.result.findings[1].because,
                        "(default) at test.json:2:11: no rule matches; the default reports it");
        }
}

static void names_that_name_nothing_or_twice_are_refused(void **state) {
        static const struct {
                const char *text;
                const char *says;
        } rows[] = {
                { DEVICES("\"netwrok\":\"allowed\""), "did you mean \"network\"?" },
                { DEVICES("\"ffffffff\":\"allowed\""), "no device \"ffffffff\"" },
                { DEVICES("\"kvp\":\"allowed\""), "has no device of class \"kvp\"" },
                { DEVICES("\"f8615163\":\"allowed\""), "names more than one device" },
                { DEVICES("\"scsi\":\"allowed\",\"9\":\"allowed\""), "has an expectation of its own" },
                { DEVICES("\"7\":\"allowed\",\"f8615163-df3e-46c5-913f-f2d2f965ed07\":\"allowed\""),
                        "of which line 1 speaks already" },
                { DEVICES("\"scsi\":\"allowed\",\"ba6163d9-04a1-4d29-b605-72e2ffb1dc7f\":\"allowed\""),
                        "of which line 1 speaks already" },
        };
        _cleanup_(policy_freep) struct policy *owned = NULL;
        struct court o;

        court_open(&o);
        owned = o.policy;
        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(sentence_done) struct sentence s = judge(&o, rows[i].text);

                if (s.problems.n != 1 || !strstr(s.problems.problems[0].message, rows[i].says))
                        fail_msg("%s: %zu %s", rows[i].text, s.problems.n,
                                s.problems.n > 0 ? s.problems.problems[0].message : "");
                assert_int_equal(s.problems.problems[0].line, 1);
                assert_int_equal(s.result.n, 0);
        }
}

static void the_mode_of_the_case_is_in_force(void **state) {
        static const char text[] = "{\"version\":1,\"snapshot\":\"s\",\"policy\":\"p\",\"mode\":\"audit\","
                                   "\"expect\":{\"state\":\"unprotected\"}}";
        _cleanup_(policy_freep) struct policy *owned = NULL;
        struct court o;

        court_open(&o);
        owned = o.policy;
        {
                _cleanup_(sentence_done) struct sentence s = judge(&o, text);

                assert_int_equal(s.result.n, 0);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_case_is_read),
        cmocka_unit_test(mistakes_have_a_place_and_a_cure),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(a_cut_case_is_refused),
        cmocka_unit_test(what_differs_is_found),
        cmocka_unit_test(a_finding_names_the_rule_its_place_and_its_reason),
        cmocka_unit_test(names_that_name_nothing_or_twice_are_refused),
        cmocka_unit_test(the_mode_of_the_case_is_in_force),
};

RUN(tests)
