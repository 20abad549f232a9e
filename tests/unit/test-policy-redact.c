/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy that goes along with a redacted snapshot decides the same, and names nothing of the machine. */
#include "tests/unit/policy-harness.h"

#include <json-c/json_object.h>

#include "lib/base/json-build.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/policy/policy-redact.h"

#define POLICY(protect, rules)                                                            \
        "{\"version\":1,\"mode\":\"enforce\",\"protect\":[" protect "],\"rules\":[" rules \
        "],\"default\":{\"action\":\"block\"}}"

/* Every way in which a policy can name what a machine has. */
static const char *const policies[] = {
        POLICY("\"root\",\"swap\"", ""),
        POLICY("",
                "{\"id\":\"a\",\"match\":{\"instance\":\"000d3af4-*\"},\"action\":\"allow\"},"
                "{\"id\":\"b\",\"match\":{\"instance\":\"*\",\"class\":\"scsi\"},\"action\":\"audit\"}"),
        POLICY("", "{\"id\":\"a\",\"match\":{\"not\":{\"instance\":\"0*\"}},\"action\":\"allow\"}"),
        POLICY("", "{\"id\":\"a\",\"match\":{\"not\":{\"instance\":\"eeeeeeee*\"}},\"action\":\"audit\"}"),
        POLICY("",
                "{\"id\":\"a\",\"match\":{\"instance\":\"ffffffff-ffff-ffff-ffff-*\"},\"action\":"
                "\"allow\"}"),
        POLICY("",
                "{\"id\":\"a\",\"match\":{\"instance\":[\"000d3af4-9d3b-000d-3af4-9d3b000d3af4\","
                "\"f8b3781a-1e82-4818-a1c3-63d806ec15bb\",\"000d3a*\"]},\"action\":\"allow\"}"),
        POLICY("\"/srv/secret/x\",\"/boot/efi\",\"/var/lib/secret\"", ""),
        POLICY("\"/secret\"",
                "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"protect\":[\"/boot/efi/secret\"],"
                "\"action\":\"block\"}"),
        POLICY("\"last-network\"", "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"allow\"}"),
        POLICY("\"mounted\"", "{\"id\":\"a\",\"match\":{\"driver\":\"hv_net*\"},\"action\":\"allow\"}"),
};

static struct policy *redacted(const struct policy *p, const struct snapshot *s, const struct guest *g,
        struct snapshot **ret_copy, char **ret_text) {
        _cleanup_(redaction_freep) struct redaction *r = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;

        assert_int_equal(redaction_new(&r), 0);
        assert_int_equal(snapshot_redact_learn(s, r), 0);
        assert_int_equal(policy_redact_learn(p, r), 0);
        redaction_settle(r);
        assert_int_equal(snapshot_redact_apply(s, r, ret_copy, NULL), 0);
        assert_int_equal(policy_redact(p, s, g, r, &json), 0);
        *ret_text = strdup(json_object_to_json_string(json));
        return policy_of(*ret_text);
}

static void assert_same_decisions(const struct policy *p, const struct guest *g, const struct policy *q,
        const struct guest *h, const char *what) {
        const struct evaluation_options how = {};
        _cleanup_(evaluation_freep) struct evaluation *a = NULL, *b = NULL;

        assert_int_equal(policy_evaluate(p, g, &how, &a), 0);
        assert_int_equal(policy_evaluate(q, h, &how, &b), 0);
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->expected, b->expected);
        for (size_t i = 0; i < a->n; i++) {
                const struct decision *x = &a->decisions[i], *y = &b->decisions[i];

                if (x->action != y->action || x->protected != y->protected || x->origin != y->origin)
                        fail_msg("%s: device %s: %s, and %s of the copy", what, g->devices[i].instance_text,
                                x->reason, y->reason);
                assert_int_equal(!x->rule, !y->rule);
                if (x->rule)
                        assert_int_equal(x->rule - p->rules, y->rule - q->rules);
                if (x->protected)
                        assert_int_equal(x->dependent->kind, y->dependent->kind);
        }
}

static void check(const char *name, const struct policy *p, const char *what) {
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load(name), *copy = NULL;
        _cleanup_(guest_freep) struct guest *g = NULL, *h = NULL;
        _cleanup_(policy_freep) struct policy *q = NULL;
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(guest_eval(s, &g), 0);
        q = redacted(p, s, g, &copy, &text);
        assert_int_equal(guest_eval(copy, &h), 0);
        assert_same_decisions(p, g, q, h, what);
        for (size_t i = 0; i < g->n_devices; i++)
                assert_null(strstr(text, g->devices[i].instance_text));
        assert_null(strstr(text, "secret"));
        assert_null(strstr(text, "000d3a"));
}

static void decisions_stay_and_names_go(void **state) {
        for (size_t i = 0; i < N_FIXTURES; i++)
                for (size_t j = 0; j < N_ROWS(policies); j++) {
                        _cleanup_(policy_freep) struct policy *p = policy_of(policies[j]);

                        check(fixture_names[i], p, policies[j]);
                }
}

static void shipped_policies_decide_the_same(void **state) {
        static const char *const files[] = { POLICIES "/90-default.json", POLICIES "/examples/strict.json" };

        for (size_t j = 0; j < N_ROWS(files); j++) {
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(policy_freep) struct policy *p = NULL;

                assert_int_equal(policy_load_files((char *[]){ (char *)files[j] }, 1, &p, &problems, NULL),
                        0);
                for (size_t i = 0; i < N_FIXTURES; i++)
                        check(fixture_names[i], p, files[j]);
        }
}

/* Written by somebody, and so about anything. */
static void what_people_wrote_is_left_out(void **state) {
        static const char text[] =
                "{\"version\":1,\"rules\":[\n// ask Bob\n"
                "{\"id\":\"snp-openhcl\",\"match\":{\"class\":\"scsi\"},\"action\":\"allow\",\"reason\":"
                "\"ask "
                "Bob\",\"labels\":[\"Bob\"]},"
                "{\"id\":\"host\",\"match\":{\"class\":\"ide\"},\"action\":\"allow\"},"
                "{\"id\":\"disk-10.1.2.3\",\"match\":{\"class\":\"pci\"},\"action\":\"allow\"}]}";
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load("snp-openhcl"), *copy = NULL;
        _cleanup_(policy_freep) struct policy *p = policy_of(text), *q = NULL;
        _cleanup_(guest_freep) struct guest *g = NULL;
        _cleanup_(freep) char *out = NULL;

        assert_int_equal(guest_eval(s, &g), 0);
        q = redacted(p, s, g, &copy, &out);
        assert_null(strstr(out, "Bob"));
        assert_null(strstr(out, "snp-openhcl")); /* which is the host's name */
        assert_string_equal(q->rules[0].id, "host");
        assert_string_equal(q->rules[1].id, "rule-2"); /* and not the same again */
        assert_string_equal(q->rules[2].id, "disk-198.18.0.1");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_stay_and_names_go),
        cmocka_unit_test(shipped_policies_decide_the_same),
        cmocka_unit_test(what_people_wrote_is_left_out),
};

RUN(tests)
