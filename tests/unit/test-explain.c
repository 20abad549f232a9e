/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to a verdict: that it tells what happened, for every origin of a decision. */
#include <json-c/json_object.h>

#include "lib/base/json-build.h"
#include "lib/policy/explain.h"
#include "tests/unit/policy-harness.h"

/* What stands at a path of keys and indices, "tried.0.rule"; NULL for null. Fails when it is not there. */
static struct json_object *find(struct json_object *o, const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        char *rest = NULL;

        for (char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest)) {
                if (json_object_is_type(o, json_type_array)) {
                        size_t i = (size_t)(key[0] - '0');

                        assert_true(i < json_object_array_length(o));
                        o = json_object_array_get_idx(o, i);
                } else if (!json_object_object_get_ex(o, key, &o))
                        fail_msg("%s: no %s", path, key);
        }
        return o;
}

static const char *text_at(struct json_object *o, const char *path) {
        struct json_object *found = find(o, path);

        return found ? json_object_get_string(found) : "null";
}

static struct json_object *explain(const struct policy *p, const struct guest *g, const struct evaluation *e,
        size_t i) {
        enum verdict v = verdict_of(&e->decisions[i], &g->devices[i], ENFORCEMENT_NONE);
        struct json_object *o = NULL;

        assert_int_equal(explain_device(p, g, e, i, v, &o), 0);
        return o;
}

static void a_blocked_device_from_facts_to_verdict(void **state) {
        static const char text[] =
                "{\"version\":1,\"mode\":\"audit\",\n\"rules\":[\n"
                "{\"id\":\"disks\",\"match\":{\"class\":[\"scsi\",\"ide\"]},\"action\":\"allow\"},\n"
                "{\"id\":\"nets\",\"match\":{\"class\":\"network\"},"
                "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"block\",\"labels\":[\"b\","
                "\"owner=a\"]}]}";
        _cleanup_(policy_freep) struct policy *p = policy_of(text);
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(json_putp) struct json_object *o = NULL;
        char eth0[] = "eth0";
        struct dependent interface = { .kind = DEPENDENT_NETWORK, .name = eth0 };
        struct channel c;
        struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        d.dependents = &interface;
        d.n_dependents = 1;
        e = evaluate(p, &g);
        o = explain(p, &g, e, 0);
        assert_string_equal(text_at(o, "device.instance"), "f8615163-df3e-46c5-913f-f2d2f965ed07");
        assert_string_equal(text_at(o, "device.class"), "network");
        assert_string_equal(text_at(o, "device.driver"), "hv_netvsc");
        assert_string_equal(text_at(o, "device.kernel-allowed"), "true");
        assert_string_equal(text_at(o, "device.vendor"), "0x1414");
        assert_string_equal(text_at(o, "device.device"), "0x3");
        assert_string_equal(text_at(o, "device.driver-override"), "null");
        assert_string_equal(text_at(o, "device.ring"), "plain");
        assert_string_equal(text_at(o, "device.problem"), "null");
        assert_string_equal(text_at(o, "channels.0.source"), "kernel-probe");
        assert_string_equal(text_at(o, "dependents.0.name"), "eth0");
        assert_string_equal(text_at(o, "guest.isolation"), "snp");
        assert_string_equal(text_at(o, "guest.source"), "none");
        assert_string_equal(text_at(o, "guest.consistent"), "true");
        assert_string_equal(text_at(o, "enforcement"), "null");
        assert_string_equal(text_at(o, "guest.applies"), "true");
        assert_string_equal(text_at(o, "mode"), "audit");
        assert_int_equal(json_object_array_length(find(o, "tried")), 1);
        assert_string_equal(text_at(o, "tried.0.rule"), "disks");
        assert_string_equal(text_at(o, "tried.0.origin"), "test.json:3:1");
        assert_string_equal(text_at(o, "tried.0.mismatch"), "class network is not one of scsi, ide");
        assert_string_equal(text_at(o, "decision.rule"), "nets");
        assert_string_equal(text_at(o, "decision.origin"), "test.json:4:1");
        assert_string_equal(text_at(o, "decision.labels.0"), "b");
        assert_string_equal(text_at(o, "decision.labels.1"), "owner=a");
        assert_string_equal(text_at(o, "decision.action"), "block");
        assert_string_equal(text_at(o, "decision.protected-by"), "null");
        assert_non_null(strstr(text_at(o, "decision.reason"), "ring of channel 7 is plain"));
        assert_string_equal(text_at(o, "verdict"), "violating");
        assert_string_equal(text_at(o, "would-change.0"),
                "the host offering the ring of every channel as confidential");
        assert_string_equal(text_at(o, "would-change.1"), "mode enforce: then it is blocked");
        assert_string_equal(text_at(o, "would-change.2"),
                "cvmctl allow f8615163-df3e-46c5-913f-f2d2f965ed07");
}

/* One device, told for each way in which a decision can come about. */
static void every_origin_is_told(void **state) {
        static const struct {
                const char *policy, *rule, *origin, *change;
                size_t tried;
                bool by_hand, not_isolated, hvsock;
        } rows[] = {
                { "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":"
                  "\"allow\"}],"
                  "\"default\":{\"action\":\"audit\"}}",
                        "(default)", "test.json:1:87", "a rule that matches class network", 1, false, false,
                        false },
                { "{\"version\":1}", "(default)", "built in", "a rule that matches class network", 0, false,
                        false, false },
                { "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":{},\"action\":\"allow\"}]}",
                        "(by-hand)", "null", "cvmctl forget ", 0, true, false, false },
                { "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":{},\"action\":\"block\"}]}",
                        "(not-applicable)", "null", "a policy that says what isolation to expect", 0, false,
                        true, false },
                { "{\"version\":1,\"rules\":[{\"id\":\"a\",\"match\":{},\"action\":\"block\"}]}",
                        "(outside)", "null", NULL, 1, false, false, true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(policy_freep) struct policy *p = policy_of(rows[i].policy);
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(json_putp) struct json_object *o = NULL;
                struct channel c;
                struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);
                const struct hand_decision hand = { .instance = d.instance, .allow = true };
                const struct evaluation_options options = { .by_hand = &hand, .n_by_hand = rows[i].by_hand };

                d.hvsock = rows[i].hvsock;
                if (rows[i].not_isolated)
                        g.isolation.type = ISOLATION_NONE;
                assert_int_equal(policy_evaluate(p, &g, &options, &e), 0);
                o = explain(p, &g, e, 0);
                assert_string_equal(text_at(o, "decision.rule"), rows[i].rule);
                assert_string_equal(text_at(o, "decision.origin"), rows[i].origin);
                assert_int_equal(json_object_array_length(find(o, "tried")), rows[i].tried);
                if (rows[i].change && !strstr(text_at(o, "would-change.0"), rows[i].change))
                        fail_msg("%zu: %s", i, text_at(o, "would-change.0"));
        }
}

static void a_protected_device_names_what_protects_it(void **state) {
        _cleanup_(policy_freep) struct policy *p = policy_of("{\"version\":1,\"mode\":\"enforce\"}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(json_putp) struct json_object *o = NULL;
        char root[] = "/", disk[] = "sda1";
        struct dependent mount = { .kind = DEPENDENT_MOUNT, .name = root, .through = disk };
        struct channel c;
        struct device d = device_of("scsi", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        d.dependents = &mount;
        d.n_dependents = 1;
        e = evaluate(p, &g);
        o = explain(p, &g, e, 0);
        assert_string_equal(text_at(o, "verdict"), "protected");
        assert_string_equal(text_at(o, "decision.protected-by.kind"), "mount");
        assert_string_equal(text_at(o, "decision.protected-by.through"), "sda1");
        assert_string_equal(text_at(o, "would-change.1"),
                "nothing depending on it, or \"protect\" without the mount /");
}

static void mismatches_name_the_key_and_the_fact(void **state) {
        static const struct {
                const char *match, *says;
        } rows[] = {
                { "{}", NULL },
                { "{\"class\":\"scsi\"}", "class network is not scsi" },
                { "{\"class\":\"00000000-df3e-46c5-913f-f2d2f965ed0e\"}",
                        "class network is not 00000000-df3e-46c5-913f-f2d2f965ed0e" },
                { "{\"instance\":\"0*\"}", "instance f8615163-df3e-46c5-913f-f2d2f965ed07 is not 0*" },
                { "{\"driver\":[\"hv_storvsc\",\"hv_utils\"]}",
                        "driver hv_netvsc is not one of hv_storvsc, hv_utils" },
                { "{\"vendor\":\"0x1\"}", "vendor 0x1414 is not 0x1" },
                { "{\"device\":\"0x1\"}", "device 0x3 is not 0x1" },
                { "{\"isolation\":\"tdx\"}", "isolation snp is not tdx" },
                { "{\"paravisor\":false}", "paravisor is yes" },
                { "{\"kernel-allowed\":false}", "kernel-allowed is yes" },
                { "{\"hvsock\":true}", "it is not an hv_sock connection" },
                { "{\"not\":{\"vendor\":\"0x1414\"}}", "its \"not\" group takes the device out" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *rule = NULL;
                char text[128] = "", cut[8];
                struct channel c;
                struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);

                assert_true(asprintf(&rule, "{\"id\":\"r\",\"match\":%s,\"action\":\"audit\"}",
                                    rows[i].match) > 0);
                p = policy_of_rules(rule);
                assert_int_equal(explain_mismatch(&p->rules[0], &g, &d, text, sizeof(text)),
                        rows[i].says != NULL);
                assert_string_equal(text, rows[i].says ?: "");
                if (!rows[i].says)
                        continue;
                assert_true(explain_mismatch(&p->rules[0], &g, &d, cut, sizeof(cut)));
                assert_int_equal(strlen(cut), sizeof(cut) - 1);
                assert_memory_equal(cut, text, sizeof(cut) - 1);
        }
}

/* All rules that were tried and the one that decided are the rules of the policy, in their order. */
static void every_device_of_a_recorded_guest(void **state) {
        _cleanup_(guest_freep) struct guest *g = fixture_guest("snp-openhcl");
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        char *paths[] = { (char *)POLICIES "/examples/strict.json" };

        assert_int_equal(policy_load_files(paths, 1, &p, &problems, NULL), 0);
        e = evaluate(p, g);
        for (size_t i = 0; i < e->n; i++) {
                _cleanup_(json_putp) struct json_object *o = explain(p, g, e, i);
                size_t n = json_object_array_length(find(o, "tried"));

                assert_int_equal(n,
                        e->decisions[i].rule ? (size_t)(e->decisions[i].rule - p->rules) : p->n_rules);
                for (size_t j = 0; j < n; j++) {
                        struct json_object *tried = json_object_array_get_idx(find(o, "tried"), j);

                        assert_string_equal(text_at(tried, "rule"), p->rules[j].id);
                }
                assert_string_equal(text_at(o, "decision.reason"), e->decisions[i].reason);
        }
}

/* What is plain only the host can change; what is merely not known, the kernel or the policy. */
static void what_is_unknown_is_not_blamed_on_the_host(void **state) {
        static const struct {
                const char *require;
                enum confidentiality ring, dma;
                bool blames_host;
        } rows[] = {
                { "\"ring\":\"confidential\"", CONFIDENTIALITY_PLAIN, CONFIDENTIALITY_UNKNOWN, true },
                { "\"ring\":\"confidential\"", CONFIDENTIALITY_UNKNOWN, CONFIDENTIALITY_PLAIN, false },
                { "\"ring\":\"confidential\",\"dma\":\"confidential\"", CONFIDENTIALITY_UNKNOWN,
                        CONFIDENTIALITY_PLAIN, true },
                { "\"ring\":\"confidential\",\"dma\":\"confidential\"", CONFIDENTIALITY_CONFIDENTIAL,
                        CONFIDENTIALITY_UNKNOWN, false },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(json_putp) struct json_object *o = NULL;
                _cleanup_(freep) char *rule = NULL;
                struct channel c;
                struct device d = device_of("network", 7, &c, rows[i].ring);
                struct guest g = guest_of_devices(&d, 1);

                assert_true(
                        asprintf(&rule,
                                "{\"id\":\"a\",\"match\":{},\"require\":{%s},\"on-violation\":\"block\"}",
                                rows[i].require) > 0);
                c.dma = d.dma = rows[i].dma;
                p = policy_of_rules(rule);
                e = evaluate(p, &g);
                o = explain(p, &g, e, 0);
                assert_int_equal(strncmp(text_at(o, "would-change.0"), "the host offering", 17) == 0,
                        rows[i].blames_host);
                if (!rows[i].blames_host) {
                        assert_int_equal(strncmp(text_at(o, "would-change.0"), "the kernel telling", 18), 0);
                        assert_non_null(strstr(text_at(o, "would-change.1"), "\"unknown\": \"pass\""));
                }
        }
}

static void what_was_done_takes_the_place_of_nothing(void **state) {
        static const struct {
                struct explain_enforcement e;
                const char *state, *noted, *rebounds, *problem;
        } rows[] = {
                { { .state = ENFORCEMENT_NONE }, "none", "false", "0", "null" },
                { { .state = ENFORCEMENT_PENDING, .problem = "" }, "pending", "false", "0", "null" },
                { { .state = ENFORCEMENT_BLOCKED, .noted = true, .rebounds = 3 }, "blocked", "true", "3",
                        "null" },
                { { .state = ENFORCEMENT_RELEASED }, "released", "false", "0", "null" },
                { { .state = ENFORCEMENT_FAILED, .problem = "it hangs" }, "failed", "false", "0",
                        "it hangs" },
        };
        _cleanup_(policy_freep) struct policy *p = policy_of("{\"version\":1}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        char override[] = "cvmd-blocked";
        struct channel c;
        struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        d.driver_override = override;
        d.vendor = 0;
        g.isolation.source = ISOLATION_SOURCE_DMESG;
        g.isolation.problems = ISOLATION_PROBLEM_DMESG;
        e = evaluate(p, &g);
        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(json_putp) struct json_object *o = explain(p, &g, e, 0);

                assert_string_equal(text_at(o, "device.driver-override"), "cvmd-blocked");
                assert_string_equal(text_at(o, "device.vendor"), "null");
                assert_string_equal(text_at(o, "guest.source"), "dmesg");
                assert_string_equal(text_at(o, "guest.consistent"), "false");
                assert_int_equal(explain_add_enforcement(o, &rows[i].e), 0);
                assert_string_equal(text_at(o, "enforcement.state"), rows[i].state);
                assert_string_equal(text_at(o, "enforcement.override-noted"), rows[i].noted);
                assert_string_equal(text_at(o, "enforcement.rebounds"), rows[i].rebounds);
                assert_string_equal(text_at(o, "enforcement.problem"), rows[i].problem);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_unknown_is_not_blamed_on_the_host),
        cmocka_unit_test(what_was_done_takes_the_place_of_nothing),
        cmocka_unit_test(a_blocked_device_from_facts_to_verdict),
        cmocka_unit_test(every_origin_is_told),
        cmocka_unit_test(a_protected_device_names_what_protects_it),
        cmocka_unit_test(mismatches_name_the_key_and_the_fact),
        cmocka_unit_test(every_device_of_a_recorded_guest),
};

RUN(tests)
