/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing policies: nothing of what is the same, everything of what is not, and the same from either side.
 */
#include <json-c/json_object.h>

#include "lib/base/json-build.h"
#include "lib/policy/policy-diff.h"
#include "tests/unit/policy-harness.h"

#define N_RANDOM 300

static struct json_object *compare(const struct policy *old, const struct policy *new,
        const struct guest *g) {
        const struct diff_guest guest = { .name = "g", .guest = g };
        struct json_object *o = NULL;

        assert_int_equal(policy_diff(old, new, &guest, 1, &o), 0);
        return o;
}

static struct json_object *member(struct json_object *o, const char *key) {
        struct json_object *value;

        if (!json_object_object_get_ex(o, key, &value))
                fail_msg("no %s in %s", key, json_object_to_json_string(o));
        return value;
}

static const char *text(struct json_object *o, const char *key) {
        return json_object_get_string(member(o, key));
}

static struct json_object *guest_of(struct json_object *diff) {
        return json_object_array_get_idx(member(diff, "guests"), 0);
}

static size_t changes(struct json_object *diff) {
        return (size_t)json_object_get_int64(member(diff, "changes"));
}

/* The same from the other side: each "old" is the "new" there. */
static void check_mirrored(struct json_object *one, struct json_object *other) {
        struct json_object *x = member(guest_of(one), "devices"), *y = member(guest_of(other), "devices");
        struct json_object *state = member(guest_of(one), "state"), *back = member(guest_of(other), "state");

        assert_int_equal(changes(one), changes(other));
        assert_int_equal(json_object_array_length(x), json_object_array_length(y));
        for (size_t i = 0; i < json_object_array_length(x); i++) {
                struct json_object *d = json_object_array_get_idx(x, i),
                                   *e = json_object_array_get_idx(y, i);

                assert_true(json_object_equal(member(d, "old"), member(e, "new")));
                assert_true(json_object_equal(member(d, "new"), member(e, "old")));
                assert_false(json_object_equal(member(d, "old"), member(d, "new")));
        }
        assert_int_equal(state == NULL, back == NULL);
        if (state)
                assert_string_equal(text(state, "old"), text(back, "new"));
}

static uint32_t next(uint32_t *seed) {
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 16;
}

static const char *pick(uint32_t *seed, const char *const *words, size_t n) {
        return words[next(seed) % n];
}

/* Any policy that is one: keys of every kind, and rules that hit the devices of the fixtures. */
static char *random_policy(uint32_t *seed) {
        static const char *const matches[] = { "", "\"class\":\"network\"", "\"class\":[\"scsi\",\"ide\"]",
                "\"driver\":\"hv_*\"", "\"instance\":\"000d3a*\"", "\"vendor\":\"0x1414\"",
                "\"kernel-allowed\":false", "\"isolation\":[\"snp\",\"tdx\"]", "\"paravisor\":true",
                "\"not\":{\"class\":[\"timesync\",\"heartbeat\",\"shutdown\"]}" };
        static const char *const deeds[] = { "\"action\":\"allow\"", "\"action\":\"audit\"",
                "\"action\":\"block\"", "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"block\"",
                "\"require\":{\"ring\":\"confidential\"},\"on-violation\":\"audit\"",
                "\"require\":{\"dma\":\"confidential\"},\"on-violation\":\"halt\"",
                "\"action\":\"block\",\"protect\":[]" };
        static const char *const settings[] = { "\"mode\":\"enforce\",", "\"mode\":\"audit\",", "",
                "\"unknown\":\"pass\",", "\"protect\":[\"swap\"],", "\"protect\":[],",
                "\"expect\":{\"isolation\":\"snp\"},", "\"default\":{\"action\":\"audit\"},",
                "\"default\":{\"action\":\"allow\"}," };
        size_t size, n_rules = next(seed) % 5;
        char *text = NULL;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fprintf(f, "{%s\"version\":1,\"rules\":[", pick(seed, settings, N_ROWS(settings)));
        for (size_t i = 0; i < n_rules; i++)
                fprintf(f, "%s{\"id\":\"r%zu\",\"match\":{%s},%s}", i > 0 ? "," : "", i,
                        pick(seed, matches, N_ROWS(matches)), pick(seed, deeds, N_ROWS(deeds)));
        fputs("]}", f);
        assert_int_equal(fclose(f), 0);
        return text;
}

static struct policy *policy_of_canonical(const struct policy *p) {
        _cleanup_(freep) char *canonical = NULL;

        assert_int_equal(policy_canonical(p, &canonical), 0);
        return policy_of(canonical);
}

static void random_policies_differ_from_others_and_not_from_themselves(void **state) {
        _cleanup_(policy_freep) struct policy *before = policy_of("{\"version\":1}");
        size_t n_changes = 0;
        uint32_t seed = 4;

        for (size_t i = 0; i < N_RANDOM; i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(fixture_names[i % N_FIXTURES]);
                _cleanup_(freep) char *text = random_policy(&seed);
                _cleanup_(policy_freep) struct policy *p = policy_of(text), *same = policy_of_canonical(p);
                _cleanup_(json_putp) struct json_object *itself = compare(p, p, g),
                                                        *again = compare(p, same, g);
                _cleanup_(json_putp) struct json_object *there = compare(before, p, g),
                                                        *back = compare(p, before, g);

                if (changes(itself) + changes(again) > 0)
                        fail_msg("%s differs from itself: %s", text, json_object_to_json_string(again));
                check_mirrored(there, back);
                n_changes += changes(there) > 0;
                policy_free(before);
                before = TAKE(p);
        }
        assert_in_range(n_changes, N_RANDOM / 2, N_RANDOM); /* or it would have shown nothing */
}

static void each_setting_is_compared(void **state) {
        static const struct {
                const char *setting, *old, *new;
        } rows[] = {
                { "mode", "", "\"mode\":\"enforce\"," },
                { "expect", "", "\"expect\":{\"isolation\":\"snp\"}," },
                { "expect", "\"expect\":{\"isolation\":[\"snp\",\"tdx\"]},",
                        "\"expect\":{\"isolation\":[\"snp\",\"tdx\"],\"paravisor\":true}," },
                { "unknown", "", "\"unknown\":\"pass\"," },
                { "protect", "", "\"protect\":[\"root\",\"usr\",\"boot\"]," },
                { "default", "", "\"default\":{\"action\":\"audit\"}," },
                { NULL, "\"expect\":{\"isolation\":[\"tdx\",\"snp\"]},\"protect\":[\"swap\",\"root\"],",
                        "\"expect\":{\"isolation\":[\"snp\",\"tdx\"]},\"protect\":[\"root\",\"swap\"]," },
                { NULL, "",
                        "\"mode\":\"audit\",\"unknown\":\"violation\",\"default\":{\"action\":\"block\"}," },
        };
        const struct guest nothing = { .isolation = { .type = ISOLATION_SNP,
                                               .mode = ISOLATION_MODE_PARAVISOR } };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(freep) char *old = NULL, *new = NULL;
                _cleanup_(policy_freep) struct policy *p = NULL, *q = NULL;
                _cleanup_(json_putp) struct json_object *o = NULL;
                struct json_object *settings;

                assert_true(asprintf(&old, "{%s\"version\":1}", rows[i].old) > 0);
                assert_true(asprintf(&new, "{%s\n\"version\":1}", rows[i].new) > 0);
                p = policy_of(old);
                q = policy_of(new);
                o = compare(p, q, &nothing);
                settings = member(o, "settings");
                assert_int_equal(json_object_array_length(settings), rows[i].setting ? 1 : 0);
                assert_int_equal(changes(o), rows[i].setting ? 1 : 0);
                if (rows[i].setting) {
                        struct json_object *s = json_object_array_get_idx(settings, 0);

                        assert_string_equal(text(s, "setting"), rows[i].setting);
                        assert_false(json_object_equal(member(s, "old"), member(s, "new")));
                        assert_string_equal(text(s, "old-origin"),
                                rows[i].old[0] ? "test.json:1:11" : "built in");
                        assert_int_equal(strncmp(text(s, "new-origin"), "test.json:1:", 12), 0);
                }
        }
}

/* The verdict of a recording is violating either way: what would be done is what counts. */
static void what_would_be_done_counts(void **state) {
        static const struct {
                const char *rule;
                size_t devices;
        } rows[] = {
                { "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"block\"}", 0 },
                { "{\"id\":\"renamed\",\"match\":{\"class\":[\"scsi\"]},\"action\":\"block\"}", 0 },
                { "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"audit\"}", 1 },
                { "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"allow\"}", 1 },
                { "{\"id\":\"a\",\"match\":{\"class\":\"scsi\"},\"action\":\"block\",\"protect\":[\"/"
                  "srv\"]}",
                        1 },
        };
        _cleanup_(policy_freep) struct policy *old = policy_of_rules(rows[0].rule);
        char srv[] = "/srv";
        struct dependent mount = { .kind = DEPENDENT_MOUNT, .name = srv };
        struct channel c;
        struct device d = device_of("scsi", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);

        d.dependents = &mount;
        d.n_dependents = 1;
        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(policy_freep) struct policy *new = policy_of_rules(rows[i].rule);
                _cleanup_(json_putp) struct json_object *o = compare(old, new, &g);
                struct json_object *devices = member(guest_of(o), "devices"), *device;

                assert_int_equal(json_object_array_length(devices), rows[i].devices);
                if (rows[i].devices == 0)
                        continue;
                device = json_object_array_get_idx(devices, 0);
                assert_string_equal(text(device, "class"), "scsi");
                assert_string_equal(text(member(device, "old"), "action"), "block");
                assert_string_equal(text(member(device, "old"), "origin"), "test.json:1:53");
                assert_string_equal(text(member(device, "new"), "rule"), "a");
        }
}

/* Both say blocked of what is blocked in the recording; that one of them would spare it shows only here. */
static void protection_counts_of_what_is_blocked_already(void **state) {
        static const char spared[] =
                "{\"id\":\"a\",\"match\":{},\"action\":\"block\",\"protect\":[\"/srv\"]}";
        _cleanup_(policy_freep) struct policy *old =
                policy_of_rules("{\"id\":\"a\",\"match\":{},\"action\":\"block\"}");
        _cleanup_(policy_freep) struct policy *new = policy_of_rules(spared);
        _cleanup_(json_putp) struct json_object *o = NULL;
        char srv[] = "/srv", override[] = BLOCKED_OVERRIDE;
        struct dependent mount = { .kind = DEPENDENT_MOUNT, .name = srv };
        struct channel c;
        struct device d = device_of("scsi", 7, &c, CONFIDENTIALITY_PLAIN);
        struct guest g = guest_of_devices(&d, 1);
        struct json_object *device;

        d.dependents = &mount;
        d.n_dependents = 1;
        d.driver = NULL;
        d.driver_override = override;
        o = compare(old, new, &g);
        assert_int_equal(changes(o), 1);
        device = json_object_array_get_idx(member(guest_of(o), "devices"), 0);
        assert_string_equal(text(member(device, "old"), "verdict"), "blocked");
        assert_string_equal(text(member(device, "new"), "verdict"), "blocked");
        assert_null(member(member(device, "old"), "protected-by"));
        assert_string_equal(text(member(member(device, "new"), "protected-by"), "name"), "/srv");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(protection_counts_of_what_is_blocked_already),
        cmocka_unit_test(random_policies_differ_from_others_and_not_from_themselves),
        cmocka_unit_test(each_setting_is_compared),
        cmocka_unit_test(what_would_be_done_counts),
};

RUN(tests)
