/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging: which rule decides, what a requirement makes of a fact, what becomes of the whole guest. */
#include "tests/unit/policy-harness.h"

#define REQUIRE_RING "\"require\":{\"ring\":\"confidential\"}"

/* Of one network device with the instance f8615163-df3e-46c5-913f-f2d2f965ed07 in an SNP guest behind a
 * paravisor. */
static bool matches(const char *match) {
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(freep) char *rule = NULL;
        struct channel c;
        struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        assert_true(asprintf(&rule, "{\"id\":\"r\",\"match\":%s,\"action\":\"audit\"}", match) > 0);
        p = policy_of_rules(rule);
        e = evaluate(p, &g);
        return e->decisions[0].origin == DECIDED_BY_RULE;
}

static void every_key_matches_and_does_not(void **state) {
        static const struct {
                const char *match;
                bool hit;
        } rows[] = {
                { "{}", true },
                { "{\"class\":\"network\"}", true },
                { "{\"class\":\"scsi\"}", false },
                { "{\"class\":[\"scsi\",\"network\"]}", true },
                { "{\"class\":\"{F8615163-DF3E-46C5-913F-F2D2F965ED0E}\"}", true },
                { "{\"class\":\"00000000-df3e-46c5-913f-f2d2f965ed0e\"}", false },
                { "{\"instance\":\"F8615163-df3e-46c5-913f-f2d2f965ed07\"}", true },
                { "{\"instance\":\"f8615163-df3e-46c5-913f-f2d2f965ed08\"}", false },
                { "{\"instance\":\"F8615163-*\"}", true },
                { "{\"instance\":\"f8615164-*\"}", false },
                { "{\"instance\":\"*-f2d2f965ed07\"}", true },
                { "{\"instance\":\"*-f2d2f965ed08\"}", false },
                { "{\"instance\":\"f8615163-*-f2d2f965ed0[78]\"}", true },
                { "{\"instance\":\"f8615163-*-f2d2f965ed0[!78]\"}", false },
                { "{\"instance\":\"f861516?-df3e-*\"}", true },
                { "{\"instance\":\"f86151?-df3e-*\"}", false },
                { "{\"instance\":\"f8615163-df3e-46c5-913f-f2d2f965ed07*\"}", true },
                { "{\"instance\":\"f8615163-df3e-46c5-*-913f-f2d2f965ed07\"}",
                        false }, /* the halves would overlap */
                { "{\"instance\":[\"0*\",\"f*\"]}", true },
                { "{\"driver\":\"hv_netvsc\"}", true },
                { "{\"driver\":\"hv_netvs\"}", false },
                { "{\"driver\":\"hv_*\"}", true },
                { "{\"driver\":\"*_storvsc\"}", false },
                { "{\"driver\":\"*_longer_than_what_it_is_held_against\"}", false },
                { "{\"driver\":\"hv_netvsc_longer_*\"}", false },
                { "{\"vendor\":\"0x1414\"}", true },
                { "{\"vendor\":\"0x01414\"}", true },
                { "{\"vendor\":\"0x1415\"}", false },
                { "{\"device\":[\"0x1\",\"0x3\"]}", true },
                { "{\"device\":\"0x4\"}", false },
                { "{\"isolation\":\"snp\"}", true },
                { "{\"isolation\":[\"tdx\",\"none\"]}", false },
                { "{\"paravisor\":true}", true },
                { "{\"paravisor\":false}", false },
                { "{\"kernel-allowed\":true}", true },
                { "{\"kernel-allowed\":false}", false },
                { "{\"hvsock\":false}", true },
                { "{\"hvsock\":true}", false },
                { "{\"class\":\"network\",\"vendor\":\"0x1414\",\"driver\":\"hv_*\",\"isolation\":\"snp\"}",
                        true },
                { "{\"class\":\"network\",\"vendor\":\"0x1414\",\"driver\":\"hv_*\",\"isolation\":\"tdx\"}",
                        false },
                { "{\"not\":{\"class\":\"network\"}}", false },
                { "{\"not\":{\"class\":\"scsi\"}}", true },
                { "{\"not\":{\"class\":\"network\",\"vendor\":\"0x1\"}}", true }, /* not all of the group */
                { "{\"class\":\"network\",\"not\":{\"instance\":\"*07\"}}", false },
                { "{\"class\":\"network\",\"not\":{\"instance\":\"*08\",\"paravisor\":true}}", true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++)
                if (matches(rows[i].match) != rows[i].hit)
                        fail_msg("%s", rows[i].match);
}

static void what_the_guest_does_not_say_matches_nothing(void **state) {
        _cleanup_(policy_freep) struct policy *p =
                policy_of_rules("{\"id\":\"a\",\"match\":{\"paravisor\":true},\"action\":\"audit\"},"
                                "{\"id\":\"b\",\"match\":{\"paravisor\":false},\"action\":\"audit\"},"
                                "{\"id\":\"c\",\"match\":{\"driver\":\"*\"},\"action\":\"audit\"},"
                                "{\"id\":\"d\",\"match\":{\"isolation\":\"unknown\"},\"action\":\"audit\"}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        struct channel c;
        struct device d = device_of("network", 1, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        g.isolation.type = ISOLATION_UNKNOWN;
        g.isolation.mode = ISOLATION_MODE_UNKNOWN;
        d.candidate = NULL;
        e = evaluate(p, &g);
        assert_true(e->applies); /* unclear is not "not isolated" */
        assert_string_equal(e->decisions[0].rule->id, "d");
}

static void the_first_match_decides(void **state) {
        _cleanup_(policy_freep) struct policy *p =
                policy_of_rules("{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"block\"},"
                                "{\"id\":\"b\",\"match\":{\"class\":\"network\"},\"action\":\"audit\"},"
                                "{\"id\":\"c\",\"match\":{},\"action\":\"block\"}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        struct channel c[3];
        struct device d[] = {
                device_of("network", 1, &c[0], CONFIDENTIALITY_PLAIN),
                device_of("scsi", 2, &c[1], CONFIDENTIALITY_PLAIN),
                device_of("kvp", 3, &c[2], CONFIDENTIALITY_PLAIN),
        };
        struct guest g = guest_of_devices(d, 3);

        e = evaluate(p, &g);
        assert_string_equal(e->decisions[0].rule->id, "b");
        assert_int_equal(e->decisions[0].action, ACTION_AUDIT);
        assert_true(e->decisions[0].violates);
        assert_string_equal(e->decisions[1].rule->id, "a");
        assert_string_equal(e->decisions[2].rule->id, "c");
        assert_ptr_equal(e->decisions[0].rule, &p->rules[1]);
}

static void requirements_against_facts(void **state) {
        static const struct {
                const char *require, *unknown;
                enum confidentiality ring, dma;
                bool met;
                const char *says;
        } rows[] = {
                { "{\"ring\":\"confidential\"}", "violation", CONFIDENTIALITY_CONFIDENTIAL,
                        CONFIDENTIALITY_PLAIN, true, "ring is confidential" },
                { "{\"ring\":\"confidential\"}", "violation", CONFIDENTIALITY_PLAIN, CONFIDENTIALITY_PLAIN,
                        false, "ring of channel 7 is plain" },
                { "{\"ring\":\"confidential\"}", "pass", CONFIDENTIALITY_PLAIN, CONFIDENTIALITY_PLAIN, false,
                        "ring of channel 7 is plain" },
                { "{\"ring\":\"confidential\"}", "violation", CONFIDENTIALITY_UNKNOWN, CONFIDENTIALITY_PLAIN,
                        false, "ring of channel 7 is unknown" },
                { "{\"ring\":\"confidential\"}", "pass", CONFIDENTIALITY_UNKNOWN, CONFIDENTIALITY_PLAIN,
                        true, "lets pass" },
                { "{\"dma\":\"confidential\"}", "violation", CONFIDENTIALITY_PLAIN,
                        CONFIDENTIALITY_CONFIDENTIAL, true, "dma is confidential" },
                { "{\"dma\":\"confidential\"}", "violation", CONFIDENTIALITY_CONFIDENTIAL,
                        CONFIDENTIALITY_PLAIN, false, "dma of channel 7 is plain" },
                { "{\"ring\":\"confidential\",\"dma\":\"confidential\"}", "violation",
                        CONFIDENTIALITY_CONFIDENTIAL, CONFIDENTIALITY_PLAIN, false,
                        "dma of channel 7 is plain" },
                { "{\"ring\":\"confidential\",\"dma\":\"confidential\"}", "violation",
                        CONFIDENTIALITY_CONFIDENTIAL, CONFIDENTIALITY_CONFIDENTIAL, true,
                        "ring is confidential" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c;
                struct device d = device_of("scsi", 7, &c, rows[i].ring);
                struct guest g = guest_of_devices(&d, 1);

                d.dma = c.dma = rows[i].dma;
                assert_true(
                        asprintf(&text,
                                "{\"version\":1,\"unknown\":\"%s\",\"rules\":[{\"id\":\"r\",\"match\":{},"
                                "\"require\":%s,\"on-violation\":\"block\",\"reason\":\"it matters\"}]}",
                                rows[i].unknown, rows[i].require) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                assert_int_equal(e->decisions[0].action, rows[i].met ? ACTION_ALLOW : ACTION_BLOCK);
                assert_int_equal(e->decisions[0].violates, !rows[i].met);
                if (!strstr(e->decisions[0].reason, rows[i].says))
                        fail_msg("%zu: %s", i, e->decisions[0].reason);
                assert_int_equal(strstr(e->decisions[0].reason, "it matters") != NULL, !rows[i].met);
        }
}

static void the_weakest_channel_is_named(void **state) {
        _cleanup_(policy_freep) struct policy *p =
                policy_of_rules("{\"id\":\"r\",\"match\":{}," REQUIRE_RING ",\"on-violation\":\"halt\"}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL, *none = NULL;
        struct channel first,
                channels[3] = {
                        { .relid = 7, .ring = CONFIDENTIALITY_CONFIDENTIAL },
                        { .relid = 8, .sub = 1, .ring = CONFIDENTIALITY_UNKNOWN },
                        { .relid = 9,
                                .sub = 2,
                                .ring = CONFIDENTIALITY_PLAIN,
                                .source = FACT_SOURCE_BOOT_TRACE },
                };
        struct device d = device_of("scsi", 7, &first, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        d.channels = channels;
        d.n_channels = 3;
        e = evaluate(p, &g);
        assert_int_equal(e->decisions[0].action, ACTION_HALT);
        assert_non_null(strstr(e->decisions[0].reason,
                "ring of channel 9 is plain, of a sub-channel (source boot-trace)"));
        /* a device that shows no channel at all has shown nothing confidential */
        d.n_channels = 0;
        d.ring = CONFIDENTIALITY_UNKNOWN;
        none = evaluate(p, &g);
        assert_true(none->decisions[0].violates);
        assert_non_null(strstr(none->decisions[0].reason, "no channel is known"));
}

static void the_default_takes_the_rest_but_hv_sock(void **state) {
        static const struct {
                const char *rules, *action;
                bool hvsock;
                enum policy_action wanted;
                enum decision_origin origin;
        } rows[] = {
                { "", "block", false, ACTION_BLOCK, DECIDED_BY_DEFAULT },
                { "", "audit", false, ACTION_AUDIT, DECIDED_BY_DEFAULT },
                { "", "allow", false, ACTION_ALLOW, DECIDED_BY_DEFAULT },
                { "", "block", true, ACTION_ALLOW, DECIDED_OUTSIDE },
                { "{\"id\":\"r\",\"match\":{},\"action\":\"block\"}", "block", true, ACTION_ALLOW,
                        DECIDED_OUTSIDE },
                { "{\"id\":\"r\",\"match\":{\"hvsock\":true},\"action\":\"audit\"}", "block", true,
                        ACTION_AUDIT, DECIDED_BY_RULE },
                { "{\"id\":\"r\",\"match\":{\"hvsock\":true}," REQUIRE_RING ",\"on-violation\":\"audit\"}",
                        "block", true, ACTION_AUDIT, DECIDED_BY_RULE },
                { "{\"id\":\"r\",\"match\":{\"hvsock\":true},\"action\":\"audit\"}", "block", false,
                        ACTION_BLOCK, DECIDED_BY_DEFAULT },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c;
                struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);

                d.hvsock = rows[i].hvsock;
                assert_true(asprintf(&text, "{\"version\":1,\"rules\":[%s],\"default\":{\"action\":\"%s\"}}",
                                    rows[i].rules, rows[i].action) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                if (e->decisions[0].action != rows[i].wanted || e->decisions[0].origin != rows[i].origin)
                        fail_msg("%zu: %s", i, e->decisions[0].reason);
        }
}

static void expectations_and_isolation(void **state) {
        static const struct {
                const char *expect;
                enum isolation_type type;
                enum isolation_mode mode;
                bool applies, expected;
                const char *found;
        } rows[] = {
                { "", ISOLATION_SNP, ISOLATION_MODE_PARAVISOR, true, true, NULL },
                { "", ISOLATION_VBS, ISOLATION_MODE_PARAVISOR, true, true, NULL },
                { "", ISOLATION_UNKNOWN, ISOLATION_MODE_UNKNOWN, true, true, NULL },
                { "", ISOLATION_NONE, ISOLATION_MODE_UNKNOWN, false, true, NULL },
                { "\"expect\":{},", ISOLATION_NONE, ISOLATION_MODE_UNKNOWN, false, true, NULL },
                { "\"expect\":{\"isolation\":[\"snp\",\"tdx\"]},", ISOLATION_TDX, ISOLATION_MODE_ENLIGHTENED,
                        true, true, NULL },
                { "\"expect\":{\"isolation\":[\"snp\",\"tdx\"]},", ISOLATION_NONE, ISOLATION_MODE_UNKNOWN,
                        true, false, "isolation is none, and snp or tdx is expected" },
                { "\"expect\":{\"isolation\":\"snp\"},", ISOLATION_UNKNOWN, ISOLATION_MODE_UNKNOWN, true,
                        false, "isolation is unknown, and snp is expected" },
                { "\"expect\":{\"paravisor\":true},", ISOLATION_SNP, ISOLATION_MODE_PARAVISOR, true, true,
                        NULL },
                { "\"expect\":{\"paravisor\":true},", ISOLATION_SNP, ISOLATION_MODE_ENLIGHTENED, true, false,
                        "a paravisor: no, and yes is expected" },
                { "\"expect\":{\"paravisor\":true},", ISOLATION_SNP, ISOLATION_MODE_UNKNOWN, true, false,
                        "a paravisor: unknown, and yes is expected" },
                { "\"expect\":{\"paravisor\":true},", ISOLATION_NONE, ISOLATION_MODE_UNKNOWN, true, false,
                        "a paravisor: no, and yes is expected" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c;
                struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);

                g.isolation.type = rows[i].type;
                g.isolation.mode = rows[i].mode;
                assert_true(asprintf(&text, "{%s\"version\":1}", rows[i].expect) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                assert_int_equal(e->applies, rows[i].applies);
                assert_int_equal(e->expected, rows[i].expected);
                if (rows[i].found)
                        assert_string_equal(e->unexpected, rows[i].found);
                else
                        assert_null(e->unexpected);
                assert_int_equal(e->decisions[0].action, rows[i].applies ? ACTION_BLOCK : ACTION_ALLOW);
                assert_int_equal(e->decisions[0].origin,
                        rows[i].applies ? DECIDED_BY_DEFAULT : DECIDED_NOT_APPLICABLE);
        }
}

static void the_mode_and_its_override(void **state) {
        _cleanup_(policy_freep) struct policy *p = policy_of("{\"version\":1,\"mode\":\"enforce\"}");
        static const struct {
                enum policy_mode given, mode;
                bool overridden;
        } rows[] = {
                { MODE_UNSET, MODE_ENFORCE, false },
                { MODE_ENFORCE, MODE_ENFORCE, true },
                { MODE_AUDIT, MODE_AUDIT, true },
                { MODE_OFF, MODE_OFF, true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                const struct evaluation_options o = { .mode = rows[i].given };
                struct channel c;
                struct device d = device_of("network", 7, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);

                assert_int_equal(policy_evaluate(p, &g, &o, &e), 0);
                assert_int_equal(e->mode, rows[i].mode);
                assert_int_equal(e->mode_overridden, rows[i].overridden);
                assert_int_equal(e->decisions[0].action, ACTION_BLOCK); /* the mode is not in the decision */
        }
}

static void hands_stand_before_rules(void **state) {
        _cleanup_(policy_freep) struct policy *p = policy_of("{\"version\":1,\"protect\":[\"root\"]}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        char root[] = "/", disk[] = "sda1";
        struct dependent mount = { .kind = DEPENDENT_MOUNT, .name = root, .through = disk };
        struct channel c[4];
        struct device d[] = {
                device_of("network", 1, &c[0], CONFIDENTIALITY_PLAIN),
                device_of("network", 2, &c[1], CONFIDENTIALITY_PLAIN),
                device_of("network", 3, &c[2], CONFIDENTIALITY_PLAIN),
                device_of("scsi", 4, &c[3], CONFIDENTIALITY_CONFIDENTIAL),
        };
        struct guest g = guest_of_devices(d, 4);
        const struct hand_decision by_hand[] = {
                { .instance = d[0].instance, .allow = true },
                { .instance = d[1].instance, .allow = false },
                { .instance = d[3].instance, .allow = false },
        };
        const struct evaluation_options o = { .by_hand = by_hand, .n_by_hand = 3 };

        d[3].dependents = &mount;
        d[3].n_dependents = 1;
        assert_int_equal(policy_evaluate(p, &g, &o, &e), 0);
        assert_int_equal(e->decisions[0].action, ACTION_ALLOW);
        assert_int_equal(e->decisions[0].origin, DECIDED_BY_HAND);
        assert_false(e->decisions[0].violates);
        assert_int_equal(e->decisions[1].action, ACTION_BLOCK);
        assert_int_equal(e->decisions[1].origin, DECIDED_BY_HAND);
        assert_int_equal(e->decisions[2].origin, DECIDED_BY_DEFAULT);
        assert_true(e->decisions[3].protected); /* no hand takes the root disk away either */
        assert_non_null(strstr(e->decisions[3].reason, "not unbound, because a mount depends on it"));
        assert_null(strstr(e->decisions[3].reason, "sda1")); /* the names of mounts are not for everybody */
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_matches_and_does_not),
        cmocka_unit_test(what_the_guest_does_not_say_matches_nothing),
        cmocka_unit_test(the_first_match_decides),
        cmocka_unit_test(requirements_against_facts),
        cmocka_unit_test(the_weakest_channel_is_named),
        cmocka_unit_test(the_default_takes_the_rest_but_hv_sock),
        cmocka_unit_test(expectations_and_isolation),
        cmocka_unit_test(the_mode_and_its_override),
        cmocka_unit_test(hands_stand_before_rules),
};

RUN(tests)
