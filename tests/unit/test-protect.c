/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must not lose its driver: every word, judged over the whole set, in whatever order the devices stand.
 */
#include "tests/unit/policy-harness.h"

static struct dependent on(enum dependent_kind kind, const char *name) {
        return (struct dependent){ .kind = kind, .name = (char *)name };
}

/* Which of three disks, all of them to be blocked, are protected: bits. The first has /, the second the
 * mounts of `second`, the third swap. */
static unsigned protected_bits(const char *protect, const char *const second[2]) {
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(freep) char *text = NULL;
        struct dependent root = on(DEPENDENT_MOUNT, "/"), swap = on(DEPENDENT_SWAP, "/dev/sdc1");
        struct dependent mounts[] = { on(DEPENDENT_MOUNT, second[0]), on(DEPENDENT_MOUNT, second[1]) };
        struct channel c[3];
        struct device d[] = {
                device_of("scsi", 1, &c[0], CONFIDENTIALITY_PLAIN),
                device_of("scsi", 2, &c[1], CONFIDENTIALITY_PLAIN),
                device_of("scsi", 3, &c[2], CONFIDENTIALITY_PLAIN),
        };
        struct guest g = guest_of_devices(d, 3);
        unsigned bits = 0;

        d[0].dependents = &root;
        d[1].dependents = mounts;
        d[2].dependents = &swap;
        d[0].n_dependents = d[2].n_dependents = 1;
        d[1].n_dependents = second[1] ? 2 : 1;
        assert_true(asprintf(&text, "{\"version\":1,\"protect\":%s}", protect) > 0);
        p = policy_of(text);
        e = evaluate(p, &g);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(e->decisions[i].action, ACTION_BLOCK);
                assert_true(e->decisions[i].violates);
                assert_int_equal(e->decisions[i].protected, e->decisions[i].dependent != NULL);
                bits |= (unsigned)e->decisions[i].protected << i;
        }
        return bits;
}

static void words_against_what_hangs_on_a_device(void **state) {
        static const struct {
                const char *protect;
                const char *second[2];
                unsigned bits;
        } rows[] = {
                { "[]", { "/srv" }, 0 },
                { "[\"root\"]", { "/srv" }, 1 },
                { "[\"usr\"]", { "/usr" }, 2 },
                { "[\"usr\"]", { "/usr/local" }, 1 }, /* /usr itself lies on the root disk */
                { "[\"usr\"]", { "/usrx" }, 1 },
                { "[\"boot\"]", { "/boot" }, 2 },
                { "[\"boot\"]", { "/boot/efi" }, 3 },
                { "[\"boot\"]", { "/efi" }, 3 },
                { "[\"root\"]", { "/sysroot" }, 3 },
                { "[\"usr\"]", { "/sysroot/usr" }, 3 },
                { "[\"swap\"]", { "/srv" }, 4 },
                { "[\"mounted\"]", { "/srv" }, 3 },
                { "[\"/srv\"]", { "/srv" }, 2 },
                { "[\"/srv/data/x\"]", { "/srv" }, 2 },
                { "[\"/srv/data/x\"]", { "/srv", "/srv/data" }, 2 },
                { "[\"/srv\"]", { "/srv/data" }, 1 },
                { "[\"/srv2\"]", { "/srv" }, 1 },
                { "[\"/\"]", { "/srv" }, 1 },
                { "[\"root\",\"swap\",\"/srv\"]", { "/srv" }, 7 },
                { "[\"last-network\"]", { "/srv" }, 0 },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++)
                if (protected_bits(rows[i].protect, rows[i].second) != rows[i].bits)
                        fail_msg("%s, %s: %u", rows[i].protect, rows[i].second[0],
                                protected_bits(rows[i].protect, rows[i].second));
}

static void a_rule_replaces_the_list(void **state) {
        _cleanup_(policy_freep) struct policy *p = policy_of(
                "{\"version\":1,\"protect\":[\"root\"],\"rules\":["
                "{\"id\":\"a\",\"match\":{\"instance\":\"*01\"},\"action\":\"block\",\"protect\":[]},"
                "{\"id\":\"b\",\"match\":{\"instance\":\"*02\"},\"action\":\"block\",\"protect\":[\"swap\"]}"
                ","
                "{\"id\":\"c\",\"match\":{\"instance\":\"*03\"},\"action\":\"block\"},"
                "{\"id\":\"d\",\"match\":{\"instance\":\"*04\"},\"require\":{\"ring\":\"confidential\"},"
                "\"on-violation\":\"halt\"},"
                "{\"id\":\"e\",\"match\":{\"instance\":\"*05\"},\"action\":\"audit\"}]}");
        static const bool wanted[] = { false, false, true, false, false };
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        struct dependent root = on(DEPENDENT_MOUNT, "/");
        struct channel c[5];
        struct device d[5];
        struct guest g = guest_of_devices(d, 5);

        for (unsigned i = 0; i < 5; i++) {
                d[i] = device_of("scsi", i + 1, &c[i], CONFIDENTIALITY_PLAIN);
                d[i].dependents = &root; /* a mirror: the same mount on all of them */
                d[i].n_dependents = 1;
        }
        e = evaluate(p, &g);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(e->decisions[i].protected, wanted[i]);
}

/* Devices: networks 1 and 2, a disk 3. All orders of them must come to the same. */
static void check_networks(const char *rules, const bool wanted[3]) {
        static const unsigned orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
                { 2, 0, 1 }, { 2, 1, 0 } };
        struct dependent interfaces[] = { on(DEPENDENT_NETWORK, "eth0"), on(DEPENDENT_NETWORK, "eth1"),
                on(DEPENDENT_MOUNT, "/srv") };

        for (size_t o = 0; o < N_ROWS(orders); o++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c[3];
                struct device d[3];
                struct guest g = guest_of_devices(d, 3);

                for (size_t i = 0; i < 3; i++) {
                        unsigned k = orders[o][i];

                        d[i] = device_of(k == 2 ? "scsi" : "network", k + 1, &c[i], CONFIDENTIALITY_PLAIN);
                        d[i].dependents = &interfaces[k];
                        d[i].n_dependents = 1;
                }
                assert_true(asprintf(&text, "{\"version\":1,\"protect\":[\"last-network\"],\"rules\":[%s]}",
                                    rules) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                for (size_t i = 0; i < 3; i++)
                        assert_int_equal(e->decisions[i].protected, wanted[orders[o][i]]);
        }
}

static void the_last_network_in_any_order(void **state) {
        check_networks("", (bool[]){ true, true, false });
        check_networks("{\"id\":\"a\",\"match\":{\"instance\":\"*01\"},\"action\":\"allow\"}",
                (bool[]){ false, false, false });
        check_networks("{\"id\":\"a\",\"match\":{\"instance\":\"*02\"},\"action\":\"audit\"}",
                (bool[]){ false, false, false });
        check_networks("{\"id\":\"a\",\"match\":{\"instance\":\"*02\"},\"action\":\"block\",\"protect\":[]}",
                (bool[]){ true, false, false });
}

/* A network that stays for another reason is a network that stays: the other one is not the last. */
static void a_network_that_stays_anyway_counts(void **state) {
        _cleanup_(policy_freep) struct policy *p =
                policy_of("{\"version\":1,\"protect\":[\"last-network\",\"/srv\"]}");
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        struct dependent first[] = { on(DEPENDENT_NETWORK, "eth0"), on(DEPENDENT_MOUNT, "/srv") };
        struct dependent second = on(DEPENDENT_NETWORK, "eth1");
        struct channel c[2];
        struct device d[] = {
                device_of("network", 1, &c[0], CONFIDENTIALITY_PLAIN),
                device_of("network", 2, &c[1], CONFIDENTIALITY_PLAIN),
        };
        struct guest g = guest_of_devices(d, 2);

        d[0].dependents = first;
        d[0].n_dependents = 2;
        d[1].dependents = &second;
        d[1].n_dependents = 1;
        e = evaluate(p, &g);
        assert_true(e->decisions[0].protected);
        assert_int_equal(e->decisions[0].dependent->kind, DEPENDENT_MOUNT);
        assert_false(e->decisions[1].protected);
}

/* Of two networks the first has the default route, unless a row says otherwise. */
static void the_way_out_is_where_routes_lead(void **state) {
        static const struct {
                enum dependent_kind first, second; /* 0: no route */
                const char *rules;
                bool wanted[2];
        } rows[] = {
                { DEPENDENT_LAST_ROUTE, 0, "", { true, false } },
                { DEPENDENT_LAST_ROUTE, 0,
                        "{\"id\":\"a\",\"match\":{\"instance\":\"*02\"},\"action\":\"allow\"}",
                        { true, false } },
                { DEPENDENT_ROUTE, DEPENDENT_ROUTE, "", { true, true } },
                { DEPENDENT_ROUTE, DEPENDENT_ROUTE,
                        "{\"id\":\"a\",\"match\":{\"instance\":\"*02\"},\"action\":\"allow\"}",
                        { false, false } },
                { 0, 0, "", { true, true } },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct dependent first[] = { on(DEPENDENT_NETWORK, "eth0"), on(rows[i].first, "default") };
                struct dependent second[] = { on(DEPENDENT_NETWORK, "eth1"), on(rows[i].second, "default") };
                struct channel c[2];
                struct device d[] = {
                        device_of("network", 1, &c[0], CONFIDENTIALITY_PLAIN),
                        device_of("network", 2, &c[1], CONFIDENTIALITY_PLAIN),
                };
                struct guest g = guest_of_devices(d, 2);

                d[0].dependents = first;
                d[0].n_dependents = rows[i].first ? 2 : 1;
                d[1].dependents = second;
                d[1].n_dependents = rows[i].second ? 2 : 1;
                assert_true(asprintf(&text, "{\"version\":1,\"protect\":[\"last-network\"],\"rules\":[%s]}",
                                    rows[i].rules) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                for (size_t j = 0; j < 2; j++)
                        if (e->decisions[j].protected != rows[i].wanted[j])
                                fail_msg("row %zu, device %zu", i, j);
        }
}

static void in_an_initrd_any_storage_may_be_meant(void **state) {
        static const struct {
                const char *protect;
                bool protected;
        } rows[] = {
                { "[]", false },
                { "[\"last-network\"]", false },
                { "[\"root\"]", true },
                { "[\"boot\"]", true },
                { "[\"swap\"]", true },
                { "[\"mounted\"]", true },
                { "[\"/srv\"]", true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct dependent awaited = on(DEPENDENT_AWAITED, "/");
                struct channel c[2];
                struct device d[] = {
                        device_of("scsi", 1, &c[0], CONFIDENTIALITY_PLAIN),
                        device_of("network", 2, &c[1], CONFIDENTIALITY_PLAIN),
                };
                struct guest g = guest_of_devices(d, 2);

                d[0].dependents = &awaited;
                d[0].n_dependents = 1;
                assert_true(asprintf(&text, "{\"version\":1,\"protect\":%s}", rows[i].protect) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                assert_int_equal(e->decisions[0].protected, rows[i].protected);
                assert_int_equal(strstr(e->decisions[0].reason, "the root may be on it") != NULL,
                        rows[i].protected);
                assert_false(e->decisions[1].protected);
        }
}

/* Of two networks the first has the default route, and one of them is in doubt. */
static void what_is_in_doubt_is_not_cut(void **state) {
        static const struct {
                bool doubtful[2];
                const char *rules;
                bool wanted[2];
        } rows[] = {
                { { false, true }, "", { true, true } },
                { { true, false }, "", { true, false } },
                { { false, true }, "{\"id\":\"a\",\"match\":{\"instance\":\"*01\"},\"action\":\"allow\"}",
                        { false, true } },
                /* one that stays, and may or may not be a way out, spares no other */
                { { true, false }, "{\"id\":\"a\",\"match\":{\"instance\":\"*01\"},\"action\":\"allow\"}",
                        { false, false } },
                { { false, true },
                        "{\"id\":\"a\",\"match\":{\"instance\":\"*02\"},\"action\":\"block\",\"protect\":[]"
                        "}",
                        { true, false } },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct dependent first[] = { on(DEPENDENT_NETWORK, "eth0"),
                        on(DEPENDENT_LAST_ROUTE, "default") };
                struct dependent second = on(DEPENDENT_NETWORK, "eth1");
                struct channel c[2];
                struct device d[] = {
                        device_of("network", 1, &c[0], CONFIDENTIALITY_PLAIN),
                        device_of("network", 2, &c[1], CONFIDENTIALITY_PLAIN),
                };
                struct guest g = guest_of_devices(d, 2);

                d[0].dependents = first;
                d[0].n_dependents = 2;
                d[1].dependents = &second;
                d[1].n_dependents = 1;
                for (size_t j = 0; j < 2; j++)
                        d[j].network_doubtful = rows[i].doubtful[j];
                assert_true(asprintf(&text, "{\"version\":1,\"protect\":[\"last-network\"],\"rules\":[%s]}",
                                    rows[i].rules) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                for (size_t j = 0; j < 2; j++) {
                        if (e->decisions[j].protected != rows[i].wanted[j])
                                fail_msg("row %zu, device %zu", i, j);
                        assert_null(e->decisions[j].protected_by);
                }
        }
}

static void a_disk_in_doubt_is_one_in_use(void **state) {
        static const struct {
                const char *protect;
                bool wanted;
        } rows[] = {
                { "[]", false },
                { "[\"last-network\"]", false },
                { "[\"root\"]", true },
                { "[\"swap\"]", true },
                { "[\"last-network\",\"/srv\"]", true },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c;
                struct device d = device_of("scsi", 1, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);

                d.storage_doubtful = true;
                assert_true(asprintf(&text, "{\"version\":1,\"protect\":%s}", rows[i].protect) > 0);
                p = policy_of(text);
                e = evaluate(p, &g);
                assert_int_equal(e->decisions[0].protected, rows[i].wanted);
                assert_null(e->decisions[0].protected_by);
        }
}

static void what_was_protected_is_kept_while_the_policy_asks_for_it(void **state) {
        static const struct {
                const char *policy;
                bool by_hand, unbound;
                bool wanted;
        } rows[] = {
                { "\"protect\":[\"root\"]", false, false, true },
                { "\"protect\":[\"swap\"]", false, false, false },
                { "\"protect\":[\"root\"]", true, false, false },
                { "\"protect\":[\"root\"]", false, true, false },
                { "\"protect\":[\"root\"],\"default\":{\"action\":\"allow\"}", false, false, false },
                { "\"protect\":[\"root\"],\"rules\":[{\"id\":\"a\",\"match\":{},\"action\":\"block\","
                  "\"protect\":[]}]",
                        false, false, false },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL;
                _cleanup_(freep) char *text = NULL;
                struct channel c;
                struct device d = device_of("scsi", 1, &c, CONFIDENTIALITY_PLAIN);
                struct guest g = guest_of_devices(&d, 1);
                const struct hand_decision hand = { .instance = d.instance };
                const struct kept_protection kept[] = {
                        { .instance = { .bytes = { 1 } },
                                .kind = DEPENDENT_MOUNT,
                                .word = "root" }, /* is gone */
                        { .instance = d.instance, .kind = DEPENDENT_MOUNT, .word = "root" },
                };
                const struct evaluation_options o = {
                        .by_hand = &hand,
                        .n_by_hand = rows[i].by_hand,
                        .kept = kept,
                        .n_kept = 2,
                };

                if (rows[i].unbound)
                        d.driver = NULL;
                assert_true(asprintf(&text, "{\"version\":1,%s}", rows[i].policy) > 0);
                p = policy_of(text);
                assert_int_equal(policy_evaluate(p, &g, &o, &e), 0);
                if (e->decisions[0].protected != rows[i].wanted || e->decisions[0].kept != rows[i].wanted)
                        fail_msg("row %zu", i);
                assert_int_equal(rows[i].wanted,
                        strstr(e->decisions[0].reason, "a mount depends on it") != NULL);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_against_what_hangs_on_a_device),
        cmocka_unit_test(a_rule_replaces_the_list),
        cmocka_unit_test(the_last_network_in_any_order),
        cmocka_unit_test(a_network_that_stays_anyway_counts),
        cmocka_unit_test(in_an_initrd_any_storage_may_be_meant),
        cmocka_unit_test(the_way_out_is_where_routes_lead),
        cmocka_unit_test(what_is_in_doubt_is_not_cut),
        cmocka_unit_test(a_disk_in_doubt_is_one_in_use),
        cmocka_unit_test(what_was_protected_is_kept_while_the_policy_asks_for_it),
};

RUN(tests)
