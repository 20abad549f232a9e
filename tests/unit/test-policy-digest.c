/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest: the published vectors, what does not change it, and what must. */
#include "tests/unit/policy-harness.h"

static void check_same(const struct policy *p, const struct policy *q, bool same) {
        assert_int_equal(memcmp(&p->digest, &q->digest, sizeof(p->digest)) == 0, same);
}

/* The value behind a word at the start of a line, from *at on, which moves behind it; NULL past the end. */
static char *next_value(const char **at, const char *word) {
        for (const char *line = *at; *line;) {
                size_t n = strcspn(line, "\n"), m = strlen(word);
                const char *next = line + n + (line[n] == '\n');

                if (n > m && strncmp(line, word, m) == 0 && line[m] == ' ') {
                        *at = next;
                        return strndup(line + m + 1, n - m - 1);
                }
                line = next;
        }
        return NULL;
}

static void the_published_vectors(void **state) {
        _cleanup_(freep) char *vectors = NULL;
        const char *at;
        size_t n = 0;

        assert_int_equal(file_read_at(AT_FDCWD, FIXTURES "/policy-digests.txt", 65536, &vectors, NULL), 0);
        at = vectors;
        for (;; n++) {
                _cleanup_(freep) char *name = next_value(&at, "policy"),
                                      *canonical = next_value(&at, "canonical");
                _cleanup_(freep) char *digest = next_value(&at, "digest"), *path = NULL, *ours = NULL;
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(policy_freep) struct policy *p = NULL;
                char text[DIGEST_TEXT_SIZE];
                struct diag d = {};

                if (!name)
                        break;
                assert_true(asprintf(&path, POLICIES "/../%s", name) > 0);
                if (policy_load_files(&path, 1, &p, &problems, &d) < 0)
                        fail_msg("%s", d.text);
                assert_int_equal(policy_canonical(p, &ours), 0);
                assert_string_equal(ours, canonical);
                digest_format(&p->digest, text);
                assert_string_equal(text, digest);
        }
        assert_int_equal(n, 5);
}

#define BASE                                                                                            \
        "{\"version\":1,\"mode\":\"enforce\",\"protect\":[\"root\",\"swap\"],\"rules\":[{\"id\":\"a\"," \
        "\"match\":{\"class\":[\"network\",\"scsi\"],\"vendor\":\"0x1414\"},\"require\":{\"ring\":"     \
        "\"confidential\"},"                                                                            \
        "\"on-violation\":\"block\"}],\"default\":{\"action\":\"audit\"}}"

static void what_is_not_enforced_does_not_count(void **state) {
        static const char *const same[] = {
                "/* order, white space, comments */ { \"default\": { \"action\": \"audit\" },\n\"rules\" : "
                "[ {"
                "\"on-violation\":\"block\", \"require\" : {\"ring\":\"confidential\"}, \"match\": { "
                "\"vendor\": [\"0x1414\"],"
                "\"class\" : [ \"scsi\", \"network\" ] }, \"id\": \"a\" } ],"
                "\"protect\":[\"swap\",\"root\"],\"mode\":\"enforce\",\"version\":1 } // end",
                /* classes by GUID, twice, numbers in odd forms, a reason */
                "{\"version\":1,\"mode\":\"enforce\",\"protect\":[\"root\",\"swap\",\"root\"],\"rules\":[{"
                "\"id\":\"a\","
                "\"reason\":\"because\",\"labels\":[\"a\",\"b\"],\"match\":{\"class\":[\"{F8615163-DF3E-"
                "46C5-913F-F2D2F965ED0E}\","
                "\"network\","
                "\"ba6163d9-04a1-4d29-b605-72e2ffb1dc7f\"],\"vendor\":\"0x001414\"},"
                "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"block\"}],\"default\":{"
                "\"action\":\"audit\"}}",
                /* what holds when no file says, said */
                "{\"version\":1,\"mode\":\"enforce\",\"gate\":\"off\",\"unknown\":\"violation\",\"expect\":{"
                "},"
                "\"protect\":["
                "\"root\",\"swap\"],"
                "\"rules\":[{\"id\":\"a\",\"match\":{\"class\":[\"network\",\"scsi\"],\"vendor\":\"0x1414\"}"
                ","
                "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"block\"}],\"default\":{"
                "\"action\":\"audit\"}}",
        };
        _cleanup_(policy_freep) struct policy *p = policy_of(BASE);

        for (size_t i = 0; i < N_ROWS(same); i++) {
                _cleanup_(policy_freep) struct policy *q = policy_of(same[i]);

                check_same(p, q, true);
        }
}

/* Every change of one word of BASE is a change of the digest. */
static void what_is_enforced_counts(void **state) {
        static const struct {
                const char *from, *to;
        } changes[] = {
                { "\"enforce\"", "\"audit\"" },
                { "\"swap\"", "\"boot\"" },
                { "[\"root\",\"swap\"]", "[]" },
                { "\"id\":\"a\"", "\"id\":\"b\"" },
                { "\"scsi\"", "\"ide\"" },
                { ",\"scsi\"", "" },
                { "\"0x1414\"", "\"0x1415\"" },
                { "\"vendor\"", "\"device\"" },
                { ",\"vendor\":\"0x1414\"", "" },
                { ",\"vendor\":\"0x1414\"", ",\"not\":{\"vendor\":\"0x1414\"}" },
                { ",\"vendor\":\"0x1414\"", ",\"vendor\":\"0x1414\",\"hvsock\":false" },
                { "\"ring\"", "\"dma\"" },
                { "\"block\"", "\"halt\"" },
                { "\"block\"", "\"block\",\"protect\":[]" },
                { "{\"action\":\"audit\"}", "{\"action\":\"block\"}" },
                { "\"version\":1", "\"version\":1,\"gate\":\"on\"" },
                { "\"version\":1", "\"version\":1,\"unknown\":\"pass\"" },
                { "\"version\":1", "\"version\":1,\"expect\":{\"paravisor\":true}" },
        };
        _cleanup_(policy_freep) struct policy *p = policy_of(BASE);

        for (size_t i = 0; i < N_ROWS(changes); i++) {
                const char *found = strstr(BASE, changes[i].from);
                _cleanup_(policy_freep) struct policy *q = NULL;
                _cleanup_(freep) char *text = NULL;

                assert_non_null(found);
                assert_true(asprintf(&text, "%.*s%s%s", (int)(found - BASE), BASE, changes[i].to,
                                    found + strlen(changes[i].from)) > 0);
                q = policy_of(text);
                if (memcmp(&p->digest, &q->digest, sizeof(p->digest)) == 0)
                        fail_msg("%s", text);
        }
}

static void the_order_of_rules_counts(void **state) {
#define ALLOW(class) "{\"id\":\"" class "\",\"match\":{\"class\":\"" class "\"},\"action\":\"allow\"}"
        _cleanup_(policy_freep) struct policy *p = policy_of_rules(ALLOW("kvp") "," ALLOW("vss"));
        _cleanup_(policy_freep) struct policy *q = policy_of_rules(ALLOW("vss") "," ALLOW("kvp"));

        check_same(p, q, false);
}

static void the_canonical_bytes_are_a_policy(void **state) {
        _cleanup_(policy_freep) struct policy *p = policy_of(BASE), *q = NULL;
        _cleanup_(freep) char *canonical = NULL, *again = NULL;

        assert_int_equal(policy_canonical(p, &canonical), 0);
        q = policy_of(canonical);
        check_same(p, q, true);
        assert_int_equal(policy_canonical(q, &again), 0);
        assert_string_equal(canonical, again);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors),
        cmocka_unit_test(what_is_not_enforced_does_not_count),
        cmocka_unit_test(what_is_enforced_counts),
        cmocka_unit_test(the_order_of_rules_counts),
        cmocka_unit_test(the_canonical_bytes_are_a_policy),
};

RUN(tests)
