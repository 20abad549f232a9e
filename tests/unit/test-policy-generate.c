/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies from guests: clean, exact, small, and the same again. */
#include "lib/policy/policy-generate.h"
#include "tests/unit/policy-harness.h"

#define N_RANDOM 200
#define N_DEVICES 12

/* The promise of the header, in other words than those of the code. */
static bool should_work(const struct device *d) {
        static const char *const harmless[] = { "timesync", "heartbeat", "shutdown" };

        for (size_t i = 0; !d->hvsock && i < N_ROWS(harmless); i++)
                if (d->known == vmbus_class_by_name(harmless[i]))
                        return true;
        if (!d->hvsock && d->known == vmbus_class_by_name("pci"))
                return false;
        for (size_t i = 0; i < d->n_channels; i++)
                if (d->channels[i].ring != CONFIDENTIALITY_CONFIDENTIAL)
                        return false;
        return d->n_channels > 0;
}

static struct policy *parse_clean(const char *text) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct policy *p = NULL;
        struct diag d = {};

        if (policy_parse("g.json", text, strlen(text), &p, &problems, &d) < 0 || problems.n > 0)
                fail_msg("%s: %s", text, problems.n > 0 ? problems.problems[0].message : d.text);
        return p;
}

static bool all_that_should_work_does(const struct policy *p, const struct guest *g) {
        _cleanup_(evaluation_freep) struct evaluation *e = evaluate(p, g);

        for (size_t i = 0; i < g->n_devices; i++)
                if (should_work(&g->devices[i]) && e->decisions[i].violates)
                        return false;
        return true;
}

/* Without any of its rules, but for the one that only reports, something would no longer work. */
static void check_smallest(const struct policy *p, const struct guest *g) {
        assert_true(p->n_rules > 0 && p->n_rules <= 3);
        for (size_t i = 0; i + 1 < p->n_rules; i++) {
                struct policy_rule rules[3];
                struct policy less = *p;

                less.rules = rules;
                less.n_rules = 0;
                for (size_t j = 0; j < p->n_rules; j++)
                        if (j != i)
                                rules[less.n_rules++] = p->rules[j];
                assert_false(all_that_should_work_does(&less, g));
        }
}

/* Every class that a rule names is that of a device that works by it. */
static void check_classes(const struct policy *p, const struct guest *g) {
        for (size_t r = 0; r < p->n_rules; r++)
                for (size_t w = 0; w < p->rules[r].match.class.n; w++) {
                        struct guid class;
                        bool used = false;

                        assert_int_equal(guid_parse(p->rules[r].match.class.words[w], &class), 0);
                        for (size_t i = 0; i < g->n_devices; i++)
                                used = used ||
                                        (!g->devices[i].hvsock && guid_equal(&g->devices[i].class, &class) &&
                                                should_work(&g->devices[i]));
                        assert_true(used);
                }
}

static void check_guest(const struct guest *g) {
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(freep) char *text = NULL, *again = NULL;
        _cleanup_(policy_freep) struct policy *p = NULL;

        assert_int_equal(policy_generate(g, &text), 0);
        assert_int_equal(policy_generate(g, &again), 0);
        assert_string_equal(text, again);
        p = parse_clean(text);
        assert_int_equal(p->mode, MODE_ENFORCE);
        assert_int_equal(p->default_action, ACTION_BLOCK);
        e = evaluate(p, g);
        assert_true(e->applies);
        assert_int_equal(e->expected, g->isolation.type != ISOLATION_UNKNOWN);
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *d = &g->devices[i];

                if (e->decisions[i].violates == should_work(d))
                        fail_msg("%s %s: %s\n%s",
                                d->hvsock          ? "hv_sock"
                                        : d->known ? d->known->name
                                                   : "?",
                                d->instance_text, e->decisions[i].reason, text);
                assert_int_equal(device_complies(d), should_work(d));
                assert_non_null(strstr(text, d->instance_text)); /* why it is in, or left out */
        }
        check_smallest(p, g);
        check_classes(p, g);
}

static void every_recorded_guest_gets_its_policy(void **state) {
        for (size_t i = 0; i < N_FIXTURES; i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(fixture_names[i]);

                check_guest(g);
        }
}

static uint32_t next(uint32_t *seed) {
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 16;
}

/* A class of the table, or one that nobody has heard of. */
static struct device random_device(uint32_t *seed, unsigned number, struct channel *channel) {
        static const char *const classes[] = { "network", "scsi", "pci", "timesync", "heartbeat", "shutdown",
                "kvp", "ide" };
        struct device d = device_of(classes[next(seed) % N_ROWS(classes)], number, channel,
                next(seed) % _CONFIDENTIALITY_MAX);

        if (next(seed) % 8 == 0) {
                memset(d.class.bytes, 0xa0 + (int)(next(seed) % 3), sizeof(d.class.bytes));
                d.known = NULL;
                d.candidate = NULL;
        }
        d.hvsock = next(seed) % 8 == 0;
        if (next(seed) % 16 == 0) {
                d.n_channels = 0;
                d.ring = CONFIDENTIALITY_UNKNOWN;
        }
        return d;
}

static void any_guest_gets_its_policy(void **state) {
        uint32_t seed = 9;

        for (size_t i = 0; i < N_RANDOM; i++) {
                struct channel channels[N_DEVICES];
                struct device devices[N_DEVICES];
                struct guest g = guest_of_devices(devices, next(&seed) % (N_DEVICES + 1));

                for (size_t j = 0; j < g.n_devices; j++)
                        devices[j] = random_device(&seed, (unsigned)j + 1, &channels[j]);
                g.isolation.type = next(&seed) % _ISOLATION_TYPE_MAX;
                g.isolation.mode = next(&seed) % _ISOLATION_MODE_MAX;
                check_guest(&g);
        }
}

/* One device, and what is said of it before and behind its instance. */
static void comments_say_what_becomes_of_a_device(void **state) {
        static const struct {
                const char *class;
                enum confidentiality ring;
                bool mounted, hvsock;
                const char *before, *behind;
        } rows[] = {
                { "network", CONFIDENTIALITY_CONFIDENTIAL, false, false, "    // - network ",
                        ": ring confidential (kernel-probe)\n" },
                { "network", CONFIDENTIALITY_PLAIN, false, false, "\n  // - network ",
                        ": ring plain (kernel-probe); blocked by (default)\n" },
                { "kvp", CONFIDENTIALITY_UNKNOWN, false, false, "\n  // - kvp ",
                        ": ring unknown (kernel-probe); blocked by (default)\n" },
                { "scsi", CONFIDENTIALITY_PLAIN, true, false, "\n  // - scsi ",
                        ": ring plain (kernel-probe); it stays, because a mount depends on it" },
                { "pci", CONFIDENTIALITY_CONFIDENTIAL, false, false, "\n  // - pci ",
                        ": ring confidential (kernel-probe), which says nothing of the DMA of what is "
                        "behind "
                        "it; blocked by (default)\n" },
                { "kvp", CONFIDENTIALITY_PLAIN, false, true, "\n  // - hv_sock ",
                        ": ring plain (kernel-probe); reported by generated-hvsock\n" },
                { "kvp", CONFIDENTIALITY_CONFIDENTIAL, false, true, "    // - hv_sock ",
                        ": ring confidential (kernel-probe)\n" },
                { "shutdown", CONFIDENTIALITY_PLAIN, false, false, "    // - shutdown ",
                        ": ring plain (kernel-probe)\n" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                char root[] = "/";
                struct dependent mount = { .kind = DEPENDENT_MOUNT, .name = root };
                struct channel c;
                struct device d = device_of(rows[i].class, 7, &c, rows[i].ring);
                struct guest g = guest_of_devices(&d, 1);
                _cleanup_(freep) char *text = NULL, *expected = NULL;

                d.hvsock = rows[i].hvsock;
                d.dependents = &mount;
                d.n_dependents = rows[i].mounted;
                assert_int_equal(policy_generate(&g, &text), 0);
                assert_true(
                        asprintf(&expected, "%s%s%s", rows[i].before, d.instance_text, rows[i].behind) > 0);
                if (!strstr(text, expected))
                        fail_msg("not there: %s\n%s", expected, text);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_guest_gets_its_policy),
        cmocka_unit_test(any_guest_gets_its_policy),
        cmocka_unit_test(comments_say_what_becomes_of_a_device),
};

RUN(tests)
