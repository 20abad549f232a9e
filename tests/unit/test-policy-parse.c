/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One text: every mistake with its place and its cure, all of them in one run. */
#include <errno.h>

#include "tests/unit/policy-harness.h"

#define RULE(body) "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{}," body "}]}"
#define MATCH(body) "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{" body "},\"action\":\"audit\"}]}"

struct parsed {
        int r;
        struct policy *policy;
        struct policy_problems problems;
        struct diag diag;
};

static void parsed_done(struct parsed *p) {
        policy_free(p->policy);
        policy_problems_done(&p->problems);
}

static struct parsed parse(const char *text, size_t n) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);
        struct parsed p = {};

        p.r = policy_parse("p.json", (const char *)exact, n, &p.policy, &p.problems, &p.diag);
        return p;
}

static void check_problem(const char *text, enum policy_severity severity, unsigned column,
        const char *says) {
        _cleanup_(parsed_done) struct parsed p = parse(text, strlen(text));
        const struct policy_problem *first = p.problems.problems;

        if (p.problems.n != 1 || first->severity != severity || first->line != 1 ||
                first->column != column || !strstr(first->message, says))
                fail_msg("%s: %zu, %s:%u:%u %s", text, p.problems.n, first ? first->file : "",
                        first ? first->line : 0, first ? first->column : 0, first ? first->message : "");
        assert_int_equal(p.r, severity == POLICY_ERROR ? -EBADMSG : 0);
        assert_int_equal(p.policy == NULL, severity == POLICY_ERROR);
        assert_int_equal(p.problems.n_errors, severity == POLICY_ERROR);
}

static const struct {
        const char *text;
        unsigned column;
        const char *says;
} mistakes[] = {
        { "", 1, "ends here" },
        { "[]", 1, "an object belongs here, not a list" },
        { "{}", 1, "add \"version\": 1" },
        { "{\"version\":2}", 12, "version 2 is not known" },
        { "{\"version\":\"1\"}", 12, "a number belongs here, not a string" },
        { "{\"version\":1,\"mod\":\"audit\"}", 14, "did you mean \"mode\"?" },
        { "{\"version\":1,\"zzzzzz\":1}", 14, "unknown key \"zzzzzz\"; remove it" },
        { "{\"version\":1,\"\\u001b[2J\":1}", 14, "\\x1b[2J" }, /* nothing reaches a terminal raw */
        { "{\"version\":1,\"mode\":\"enforced\"}", 21, "did you mean \"enforce\"?" },
        { "{\"version\":1,\"mode\":\"off\"}", 21, "cvmd.mode=off" },
        { "{\"version\":1,\"gate\":true}", 21, "a string belongs here, not true or false" },
        { "{\"version\":1,\"gate\":\"closed\"}", 21, "none of: off, on" },
        { "{\"version\":1,\"mode\":true}", 21, "a string belongs here, not true or false" },
        { "{\"version\":1,\"unknown\":\"fail\"}", 24, "none of: violation, pass" },
        { "{\"version\":1,\"expect\":{\"isolation\":\"sev\"}}", 36,
                "none of: unknown, none, vbs, snp, tdx, cca" },
        { "{\"version\":1,\"expect\":{\"isolation\":[]}}", 36, "an empty list matches nothing" },
        { "{\"version\":1,\"expect\":{\"paravisor\":\"yes\"}}", 36, "true or false belongs here" },
        { "{\"version\":1,\"protect\":\"root\"}", 24, "a list belongs here" },
        { "{\"version\":1,\"protect\":[\"roots\"]}", 25, "did you mean \"root\"?" },
        { "{\"version\":1,\"protect\":[\"/a/../b\"]}", 25, "without \"//\"" },
        { "{\"version\":1,\"protect\":[\"/a/\"]}", 25, "without \"//\"" },
        { "{\"version\":1,\"default\":{}}", 24, "no \"action\"" },
        { "{\"version\":1,\"default\":{\"action\":\"halt\"}}", 34, "none of: allow, audit, block" },
        { "{\"version\":1,\"default\":{\"acton\":\"audit\",\"action\":\"audit\"}}", 25,
                "did you mean \"action\"?" },
        { "{\"version\":1,\"rules\":{}}", 22, "a list belongs here" },
        { "{\"version\":1,\"rules\":[7]}", 23, "an object belongs here, not a number" },
        { "{\"version\":1,\"rules\":[{\"match\":{},\"action\":\"allow\"}]}", 23, "no \"id\"" },
        { "{\"version\":1,\"rules\":[{\"id\":\"a b\",\"match\":{},\"action\":\"allow\"}]}", 29,
                "an id has" },
        { "{\"version\":1,\"rules\":[{\"id\":\"a b\",\"match\":{},\"action\":\"allow\"}]}", 29,
                "did you mean \"a-b\"?" },
        { "{\"version\":1,\"rules\":[{\"id\":\"\",\"match\":{},\"action\":\"allow\"}]}", 29, "an id has" },
        { "{\"version\":1,\"rules\":[{\"id\":\"r\",\"action\":\"allow\"}]}", 23, "\"match\": {}" },
        { "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{}}]}", 23, "decides nothing" },
        { RULE("\"action\":\"blok\""), 53, "did you mean \"block\"?" },
        { RULE("\"action\":\"allow\",\"require\":{\"ring\":\"confidential\"},\"on-violation\":"
               "\"block\""),
                44, "exclude each other" },
        { RULE("\"require\":{\"ring\":\"confidential\"}"), 44, "\"on-violation\"" },
        { RULE("\"require\":{\"ring\":\"plain\"},\"on-violation\":\"block\""), 62, "none of: confidential" },
        { RULE("\"require\":{},\"on-violation\":\"block\""), 54, "nothing is required" },
        { RULE("\"require\":{\"rings\":1,\"ring\":\"confidential\"},\"on-violation\":\"block\""), 55,
                "did you mean \"ring\"?" },
        { RULE("\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"allow\""), 93,
                "none of: audit, block, halt" },
        { RULE("\"action\":\"allow\",\"on-violation\":\"block\""), 61, "nothing can be violated" },
        { RULE("\"action\":\"allow\",\"reason\":7"), 70, "a string belongs here" },
        { RULE("\"action\":\"allow\",\"labels\":[]"), 70, "an empty list" },
        { RULE("\"action\":\"allow\",\"labels\":[\"a b\"]"), 71, "a label has" },
        { RULE("\"action\":\"allow\",\"labels\":[\"a\",\"\"]"), 75, "a label has" },
        { RULE("\"action\":\"allow\",\"label\":\"a\""), 61, "did you mean \"labels\"?" },
        { "{\"version\":1,\"$schema\":1}", 24, "a string belongs here" },
        { MATCH("\"clas\":\"network\""), 42, "did you mean \"class\"?" },
        { MATCH("\"class\":\"netwrok\""), 50, "did you mean \"network\"?" },
        { MATCH("\"class\":\"f8615163-df3e-46c5-913f-f2d2f965ed0\""), 50, "did you mean \"network\"?" },
        { MATCH("\"class\":\"a7615163-df3e-46c5-913f-aaaaaaaaaaa\""), 50,
                "a name (network, scsi, ...) or a GUID" },
        { MATCH("\"class\":[]"), 50, "an empty list" },
        { MATCH("\"class\":7"), 50, "a string or a list of strings" },
        { MATCH("\"class\":[\"network\",7]"), 61, "a string belongs here" },
        { MATCH("\"instance\":\"f8615163\""), 53, "neither a GUID nor a shell pattern" },
        { MATCH("\"instance\":\"network*\""), 53, "neither a GUID nor a shell pattern" },
        { MATCH("\"instance\":\"f8[0*\""), 53, "neither a GUID nor a shell pattern" },
        { MATCH("\"driver\":\"hv netvsc\""), 51, "no name of a driver" },
        { MATCH("\"vendor\":\"1414\""), 51, "did you mean \"0x1414\"?" },
        { MATCH("\"vendor\":\"0x\""), 51, "\"0x1414\", say" },
        { MATCH("\"vendor\":\"0x114140000\""), 51, "\"0x1414\", say" },
        { MATCH("\"vendor\":5140"), 51, "a string or a list of strings" },
        { MATCH("\"hvsock\":\"true\""), 51, "true or false belongs here" },
        { MATCH("\"not\":{}"), 48, "excludes every device" },
        { MATCH("\"not\":{\"hvsock\":true}"), 49, "stands in \"match\" itself" },
        { MATCH("\"not\":{\"class\":\"kvp\",\"not\":{}}"), 63, "cannot stand in" },
        { "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{\"hvsock\":true},\"action\":\"block\"}"
          "]}",
                23, "cannot be blocked" },
        { "{\"version\":1,\"version\":1}", 14, "given before, at 1:2" },
        { "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":{\"class\":\"kvp\"},\"action\":"
          "\"audit\"},"
          "{\"id\":\"a\",\"match\":{\"class\":\"vss\"},\"action\":\"audit\"}]}",
                75, "is there already, at p.json:1:23" },
};

static void every_mistake_has_a_place_and_a_cure(void **state) {
        for (size_t i = 0; i < N_ROWS(mistakes); i++)
                check_problem(mistakes[i].text, POLICY_ERROR, mistakes[i].column, mistakes[i].says);
}

#define TWO(first, second)                                         \
        "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":" first \
        ",\"action\":\"audit\"},{\"id\":\"b\",\"match\":" second ",\"action\":\"audit\"}]}"

/* What can be enforced as it is written, and still is hardly meant. */
static const struct {
        const char *text;
        unsigned column;
        const char *says; /* NULL: nothing at all */
} oddities[] = {
        { "{\"version\":1,\"protect\":[]}", 24, "nothing is protected" },
        { "{\"version\":1,\"mode\":\"enforce\"}", 21, "without \"expect\"" },
        { "{\"version\":1,\"mode\":\"enforce\",\"expect\":{}}", 0, NULL },
        { "{\"version\":1,\"mode\":\"audit\",\"default\":{\"action\":\"block\"}}", 21,
                "until this is \"enforce\"" },
        { "{\"version\":1,\"mode\":\"audit\",\"default\":{\"action\":\"audit\"}}", 0, NULL },
        { "{\"version\":1,\"mode\":\"audit\"}", 0, NULL },
        { "{\"version\":1}", 0, NULL },
        { "{\"version\":1,\"mode\":\"audit\",\"gate\":\"on\"}", 36, "the gate stays open" },
        { "{\"version\":1,\"gate\":\"on\"}", 21, "the gate stays open" },
        { "{\"version\":1,\"mode\":\"enforce\",\"expect\":{},\"gate\":\"on\"}", 0, NULL },
        { "{\"version\":1,\"mode\":\"audit\",\"gate\":\"off\"}", 0, NULL },
        { RULE("\"action\":\"block\""), 23, "no file says \"mode\"" },
        { RULE("\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"halt\""), 23,
                "no file says \"mode\"" },
        { RULE("\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"audit\""), 0, NULL },
        { RULE("\"require\":{\"dma\":\"confidential\"},\"on-violation\":\"audit\""), 55,
                "no current paravisor" },
        { "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{\"paravisor\":false},\"require\":{\"ring\":"
          "\"confidential\"},\"on-violation\":\"audit\"}]}",
                72, "without a paravisor" },
        { "{\"version\":1,\"rules\":[{\"id\":\"r\",\"match\":{\"paravisor\":true},\"require\":{\"ring\":"
          "\"confidential\"},\"on-violation\":\"audit\"}]}",
                0, NULL },
#define ENFORCED                                                                                     \
        "{\"version\":1,\"mode\":\"enforce\",\"expect\":{},\"rules\":[{\"id\":\"r\",\"protect\":[]," \
        "\"action\":\"block\",\"match\":"
        { ENFORCED "{}}]}", 72, "may block the disk" },
        { ENFORCED "{\"class\":[\"network\",\"pci\"]}}]}", 72, "may block the disk" },
        { ENFORCED "{\"class\":\"network\"}}]}", 0, NULL },
        { MATCH("\"class\":\"f8615163-df3e-46c5-913f-f2d2f965ed0f\""), 50, "did you mean \"network\"?" },
        { MATCH("\"class\":\"f8615163-df3e-46c5-913f-f2d2f965aaaa\""), 0, NULL },
        { MATCH("\"class\":\"f8615163-df3e-46c5-913f-f2d2f965ed0e\""), 0, NULL },
        { MATCH("\"instance\":\"f8615163-df3e-46c5-913f-f2d2f965ed0e\""), 53,
                "the GUID of class \"network\"" },
        { MATCH("\"driver\":\"hv_netvs\""), 51, "did you mean \"hv_netvsc\"?" },
        { RULE("\"action\":\"audit\",\"labels\":\"owner=net/team:1@x+y\""), 0, NULL },
        { "{\"version\":1,\"$schema\":\"file:///usr/share/cvmd/policy.schema.json\"}", 0, NULL },
};

static void what_is_hardly_meant_is_warned_of(void **state) {
        for (size_t i = 0; i < N_ROWS(oddities); i++) {
                _cleanup_(parsed_done) struct parsed p = {};

                if (oddities[i].says) {
                        check_problem(oddities[i].text, POLICY_WARNING, oddities[i].column,
                                oddities[i].says);
                        continue;
                }
                p = parse(oddities[i].text, strlen(oddities[i].text));
                if (p.r != 0 || p.problems.n != 0)
                        fail_msg("%s: %s", oddities[i].text,
                                p.problems.n ? p.problems.problems[0].message : "");
        }
}

/* A rule that could not be read shadows none, and mistakes elsewhere hide no warning. */
static void errors_neither_make_nor_hide_warnings(void **state) {
        static const char text[] = "{\"version\":1,\"mode\":\"audti\",\"rules\":[\n"
                                   "{\"id\":\"a\",\"match\":{\"class\":\"netwrok\"},\"action\":\"block\"},\n"
                                   "{\"id\":\"b\",\"match\":{\"class\":\"kvp\"},\"action\":\"audit\"},\n"
                                   "{\"id\":\"c\",\"match\":{\"class\":\"kvp\"},\"action\":\"audit\"}]}";
        static const struct {
                enum policy_severity severity;
                unsigned line;
        } wanted[] = { { POLICY_ERROR, 1 }, { POLICY_ERROR, 2 }, { POLICY_WARNING, 4 } };
        _cleanup_(parsed_done) struct parsed p = parse(text, sizeof(text) - 1);

        assert_int_equal(p.r, -EBADMSG);
        assert_int_equal(p.problems.n, N_ROWS(wanted));
        for (size_t i = 0; i < N_ROWS(wanted); i++) {
                assert_int_equal(p.problems.problems[i].severity, wanted[i].severity);
                assert_int_equal(p.problems.problems[i].line, wanted[i].line);
        }
        assert_non_null(strstr(p.problems.problems[2].message, "rule \"c\" can never match"));
}

/* Warnings: only what is proved. */
static void rules_that_can_never_match(void **state) {
        static const struct {
                const char *first, *second;
                const char *says; /* of b; NULL: nothing */
        } rows[] = {
                { "{\"class\":\"kvp\"}", "{\"class\":\"vss\"}", NULL },
                { "{\"class\":\"kvp\"}", "{\"class\":\"kvp\"}", "comes first" },
                { "{}", "{\"class\":\"kvp\"}", "comes first" },
                { "{\"class\":\"kvp\"}", "{}", NULL },
                { "{\"class\":[\"vss\",\"kvp\"]}", "{\"class\":\"a9a0f4e7-5a45-4d96-b827-8a841e8c03e6\"}",
                        "comes first" },
                { "{\"class\":\"kvp\"}", "{\"class\":[\"vss\",\"kvp\"]}", NULL },
                { "{\"class\":\"kvp\"}", "{\"class\":\"kvp\",\"vendor\":\"0x1414\"}", "comes first" },
                { "{\"class\":\"kvp\",\"vendor\":\"0x1414\"}", "{\"class\":\"kvp\"}", NULL },
                { "{\"instance\":\"f8*\"}", "{\"instance\":\"f8b3781a-1e82-4818-a1c3-63d806ec15bb\"}",
                        "comes first" },
                { "{\"instance\":\"f8*\"}", "{\"instance\":\"f*\"}", NULL },
                { "{\"instance\":\"*\"}", "{\"instance\":\"f*\"}", "comes first" },
                { "{\"hvsock\":true}", "{}", NULL },
                { "{}", "{\"hvsock\":true,\"class\":\"kvp\"}", NULL },
                { "{\"paravisor\":true}", "{\"paravisor\":true,\"class\":\"kvp\"}", "comes first" },
                { "{\"paravisor\":true}", "{\"paravisor\":false}", NULL },
                { "{\"not\":{\"class\":\"kvp\"}}", "{\"class\":\"kvp\"}", NULL },
                { "{\"not\":{\"class\":\"kvp\"}}", "{\"class\":\"vss\"}",
                        NULL }, /* true, but not proved key by key */
                { "{\"not\":{\"class\":\"kvp\"}}", "{\"not\":{\"class\":[\"kvp\",\"vss\"]}}",
                        "comes first" },
                { "{\"not\":{\"class\":[\"kvp\",\"vss\"]}}", "{\"not\":{\"class\":\"kvp\"}}", NULL },
                { "{\"class\":\"vss\"}", "{\"class\":\"kvp\",\"not\":{\"class\":[\"kvp\",\"vss\"]}}",
                        "takes out all" },
                { "{\"class\":\"vss\"}", "{\"class\":[\"kvp\",\"scsi\"],\"not\":{\"class\":\"kvp\"}}",
                        NULL },
                { "{\"class\":\"vss\"}", "{\"class\":[\"kvp\",\"ide\"],\"kernel-allowed\":true}",
                        "fits its" },
                { "{\"class\":\"vss\"}", "{\"class\":[\"kvp\",\"scsi\"],\"kernel-allowed\":true}", NULL },
                { "{\"class\":\"vss\"}", "{\"class\":\"kvp\",\"driver\":\"hv_netvsc\"}", "fits its" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(parsed_done) struct parsed p = {};
                _cleanup_(freep) char *text = NULL;

                assert_true(asprintf(&text, TWO("%s", "%s"), rows[i].first, rows[i].second) > 0);
                p = parse(text, strlen(text));
                assert_int_equal(p.r, 0);
                if (p.problems.n != (rows[i].says != NULL))
                        fail_msg("%s: %zu problems", text, p.problems.n);
                if (!rows[i].says)
                        continue;
                assert_int_equal(p.problems.problems[0].severity, POLICY_WARNING);
                assert_non_null(strstr(p.problems.problems[0].message, "rule \"b\" can never match"));
                if (!strstr(p.problems.problems[0].message, rows[i].says))
                        fail_msg("%s: %s", text, p.problems.problems[0].message);
        }
}

/* Rules that differ in the last word of long lists. */
static char *text_of_long_lists(unsigned n_rules, unsigned n_words) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fputs("{\"version\":1,\"rules\":[", f);
        for (unsigned i = 0; i < n_rules; i++) {
                fprintf(f, "%s{\"id\":\"%u\",\"action\":\"audit\",\"match\":{\"instance\":[", i ? "," : "",
                        i);
                for (unsigned j = 0; j < n_words; j++)
                        fprintf(f, "\"f%04x-*\",", j);
                fprintf(f, "\"%x*\"]}}", i);
        }
        fputs("]}", f);
        fclose(f);
        return text;
}

static void the_work_for_warnings_is_bounded(void **state) {
        _cleanup_(freep) char *few = text_of_long_lists(16, 10), *many = text_of_long_lists(16, 5000);
        _cleanup_(parsed_done) struct parsed p = parse(few, strlen(few)), q = parse(many, strlen(many));

        assert_int_equal(p.problems.n, 0);
        assert_int_equal(q.r, 0);
        assert_int_equal(q.problems.n, 1);
        assert_int_equal(q.problems.problems[0].severity, POLICY_WARNING);
        assert_non_null(strstr(q.problems.problems[0].message, "from here on, rules are not checked"));
}

static void all_mistakes_in_one_run_in_their_order(void **state) {
        static const char text[] =
                "{ \"mod\": 1,\n"
                "  \"rules\": [\n"
                "    { \"id\": \"a\", \"match\": { \"clas\": \"kvp\" }, \"action\": \"blok\" },\n"
                "    { \"id\": \"a\", \"match\": {}, \"action\": \"audit\" } ],\n"
                "  \"default\": { \"action\": \"audit\" },\n"
                "  \"default\": 1 }\n";
        static const unsigned places[][2] = { { 1, 1 }, { 1, 3 }, { 3, 29 }, { 3, 56 }, { 4, 5 }, { 6, 3 } };
        _cleanup_(parsed_done) struct parsed p = parse(text, sizeof(text) - 1);
        _cleanup_(freep) char *first = NULL;

        assert_int_equal(p.r, -EBADMSG);
        assert_int_equal(p.problems.n, N_ROWS(places));
        for (size_t i = 0; i < N_ROWS(places); i++) {
                assert_int_equal(p.problems.problems[i].line, places[i][0]);
                assert_int_equal(p.problems.problems[i].column, places[i][1]);
        }
        assert_int_equal(policy_problem_format(&p.problems.problems[1], &first), 0);
        assert_string_equal(first, "p.json:1:3: error: unknown key \"mod\"; did you mean \"mode\"?");
        assert_non_null(strstr(p.diag.text, "p.json:1:1: error: "));
        assert_non_null(strstr(p.diag.text, "(and 5 more)"));
}

static void cut_anywhere_it_is_refused(void **state) {
        _cleanup_(freep) char *text = NULL;
        size_t n, end;

        assert_int_equal(
                file_read_at(AT_FDCWD, POLICIES "/examples/strict.json", POLICY_FILE_MAX, &text, &n), 0);
        for (end = n; text[end - 1] != '}';)
                end--;
        for (size_t cut = 0; cut < end; cut++) {
                _cleanup_(parsed_done) struct parsed p = parse(text, cut);

                assert_int_equal(p.r, -EBADMSG);
                assert_null(p.policy);
                assert_true(p.problems.n_errors > 0);
        }
}

/* "mistake" n times, as keys that are all different. */
static char *text_of_mistakes(unsigned n) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fputs("{\"version\":1", f);
        for (unsigned i = 0; i < n; i++)
                fprintf(f, ",\"mistake-%u\":0", i);
        fputs("}", f);
        fclose(f);
        return text;
}

static void very_many_mistakes_are_counted(void **state) {
        _cleanup_(freep) char *text = text_of_mistakes(POLICY_PROBLEMS_MAX + 7);
        _cleanup_(parsed_done) struct parsed p = parse(text, strlen(text));

        assert_int_equal(p.r, -EBADMSG);
        assert_int_equal(p.problems.n, POLICY_PROBLEMS_MAX);
        assert_int_equal(p.problems.n_errors, POLICY_PROBLEMS_MAX + 7);
        assert_non_null(strstr(p.diag.text, "(and 1006 more)"));
}

static char *text_of_rules(unsigned n) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fputs("{\"version\":1,\"rules\":[", f);
        for (unsigned i = 0; i < n; i++)
                fprintf(f, "%s{\"id\":\"%u\",\"match\":{},\"action\":\"allow\"}", i > 0 ? "," : "", i);
        fputs("]}", f);
        fclose(f);
        return text;
}

static void very_many_rules_are_read_up_to_a_limit(void **state) {
        _cleanup_(freep) char *text = text_of_rules(POLICY_RULES_MAX),
                              *more = text_of_rules(POLICY_RULES_MAX + 1);
        _cleanup_(parsed_done) struct parsed p = parse(text, strlen(text)), q = parse(more, strlen(more));

        assert_int_equal(p.r, 0);
        assert_int_equal(p.policy->n_rules, POLICY_RULES_MAX);
        assert_int_equal(q.r, -EBADMSG);
        assert_non_null(strstr(q.diag.text, "more than 65536 rules"));
}

static void the_built_in_policy_is_one(void **state) {
        _cleanup_(policy_freep) struct policy *p = NULL;

        assert_int_equal(policy_new_built_in(&p), 0);
        assert_true(p->built_in);
        assert_int_equal(p->mode, MODE_ENFORCE);
        assert_int_equal(p->unknown, UNKNOWN_VIOLATION);
        assert_int_equal(p->rules[0].on_violation, ACTION_BLOCK);
        assert_int_equal(p->default_action, ACTION_AUDIT);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_has_a_place_and_a_cure),
        cmocka_unit_test(rules_that_can_never_match),
        cmocka_unit_test(the_work_for_warnings_is_bounded),
        cmocka_unit_test(what_is_hardly_meant_is_warned_of),
        cmocka_unit_test(errors_neither_make_nor_hide_warnings),
        cmocka_unit_test(all_mistakes_in_one_run_in_their_order),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(very_many_mistakes_are_counted),
        cmocka_unit_test(very_many_rules_are_read_up_to_a_limit),
        cmocka_unit_test(the_built_in_policy_is_one),
};

RUN(tests)
