/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/claims/claims: what is said of each recorded guest, and that it can be hashed. */
#include <errno.h>
#include <string.h>

#include "lib/base/canonical-json.h"
#include "lib/base/json-scan.h"
#include "lib/claims/claims.h"
#include "tests/unit/fixture.h"

struct said {
        struct guest *guest;
        struct policy *policy;
        struct evaluation *evaluation;
        struct claims_device *devices;
        struct claims claims;
};

static void said_done(struct said *s) {
        free(s->devices);
        evaluation_free(s->evaluation);
        policy_free(s->policy);
        guest_free(s->guest);
}

static void said_init(struct said *s, const char *fixture, const struct exposure *exposure) {
        static const struct evaluation_options options = {};

        s->guest = fixture_guest(fixture);
        assert_int_equal(policy_new_built_in(&s->policy), 0);
        assert_int_equal(policy_evaluate(s->policy, s->guest, &options, &s->evaluation), 0);
        s->devices = calloc(s->guest->n_devices + 1, sizeof(*s->devices));
        assert_non_null(s->devices);
        for (size_t i = 0; i < s->guest->n_devices; i++)
                s->devices[i] = (struct claims_device){ VERDICT_BLOCKED, "it is \"said\"", exposure };
        s->claims = (struct claims){
                .guest = s->guest,
                .policy = s->policy,
                .evaluation = s->evaluation,
                .devices = s->devices,
                .state = STATE_COMPLIANT,
                .gate = GATE_STATE_ON,
                .log_sequence = 12,
                .time_usec = 1700000000000000,
                .since_boot_usec = 5000000,
                .version = "1.2",
                .caller_uid = 65534,
        };
}

static const struct json_node *at(const struct json_node *n, const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        char *rest = NULL;

        for (char *word = strtok_r(copy, "/", &rest); word && n; word = strtok_r(NULL, "/", &rest)) {
                if (n->kind != JSON_LIST) {
                        n = json_member(n, word);
                        continue;
                }
                n = n->children;
                for (int i = atoi(word); i > 0 && n; i--)
                        n = n->next;
        }
        if (!n)
                fail_msg("no %s", path);
        return n;
}

static struct json_document *document_of(const struct said *s, char **ret_text) {
        struct json_document *doc;

        assert_int_equal(claims_format(&s->claims, ret_text), 0);
        assert_int_equal(json_scan(*ret_text, strlen(*ret_text), &doc), 0);
        assert_null(doc->problems);
        return doc;
}

static void assert_text(const struct json_node *n, const char *path, const char *expected) {
        const struct json_node *found = at(n, path);

        assert_int_equal(found->kind, JSON_STRING);
        assert_string_equal(found->string, expected);
}

static void the_guest_is_told(void **state) {
        _cleanup_(said_done) struct said s = {};
        _cleanup_(freep) char *text = NULL;
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        char digest[DIGEST_TEXT_SIZE];

        said_init(&s, "snp-openhcl", NULL);
        s.claims.boot_id = "c0ffee00-0000-0000-0000-000000000000";
        s.claims.caller_unit = "agent.service";
        doc = document_of(&s, &text);
        digest_format(&s.policy->digest, digest);
        assert_text(doc->root, "isolation/type", "snp");
        assert_true(at(doc->root, "isolation/paravisor")->boolean);
        assert_true(at(doc->root, "self-asserted")->boolean);
        assert_text(doc->root, "state", "compliant");
        assert_text(doc->root, "mode", policy_mode_to_string(s.evaluation->mode));
        assert_text(doc->root, "gate", "on");
        assert_text(doc->root, "policy/digest", digest);
        assert_true(at(doc->root, "policy/built-in")->boolean);
        assert_int_equal(at(doc->root, "log/sequence")->integer, 12);
        assert_text(doc->root, "boot-id", "c0ffee00-0000-0000-0000-000000000000");
        assert_int_equal(at(doc->root, "time-usec")->integer, 1700000000000000);
        assert_int_equal(at(doc->root, "caller/uid")->integer, 65534);
        assert_text(doc->root, "caller/unit", "agent.service");
        assert_int_equal(at(doc->root, "devices")->n_children, s.guest->n_devices);
}

static void each_device_is_told(void **state) {
        _cleanup_(said_done) struct said s = {};
        _cleanup_(freep) char *text = NULL;
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        const struct json_node *n;

        said_init(&s, "snp-openhcl", NULL);
        doc = document_of(&s, &text);
        n = at(doc->root, "devices")->children;
        for (size_t i = 0; i < s.guest->n_devices; i++, n = n->next) {
                const struct device *d = &s.guest->devices[i];
                char buffer[GUID_TEXT_SIZE];

                assert_text(n, "instance", d->instance_text);
                assert_text(n, "class", device_class_name(d, buffer));
                assert_text(n, "ring", confidentiality_to_string(d->ring));
                assert_text(n, "dma", confidentiality_to_string(d->dma));
                assert_text(n, "verdict", "blocked");
                assert_text(n, "reason", "it is \"said\"");
                assert_int_equal(at(n, "exposure")->kind, JSON_NULL);
                assert_int_equal(at(n, "channels")->n_children, d->n_channels);
                assert_null(json_member(n, "dependents")); /* they name mounts */
        }
}

static void exposure_is_told(void **state) {
        _cleanup_(said_done) struct said s = {};
        _cleanup_(freep) char *text = NULL;
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        struct exposure e = {};

        exposure_begin(&e, 7, 1, true);
        exposure_offered(&e, 1000, STAMP_OFFER_TRACE);
        said_init(&s, "snp-openhcl", &e);
        doc = document_of(&s, &text);
        assert_int_equal(at(doc->root, "devices/0/exposure/times/offered/usec")->integer, 1000);
        assert_false(at(doc->root, "devices/0/exposure/exposed/ongoing")->boolean);
}

static void decisions_by_hand_are_told(void **state) {
        static const struct hand_decision by_hand[] = { { .allow = true }, { .allow = false } };
        _cleanup_(said_done) struct said s = {};
        _cleanup_(freep) char *text = NULL;
        _cleanup_(json_document_freep) struct json_document *doc = NULL;

        said_init(&s, "snp-openhcl", NULL);
        s.claims.by_hand = by_hand;
        s.claims.n_by_hand = 2;
        doc = document_of(&s, &text);
        assert_int_equal(at(doc->root, "by-hand")->n_children, 2);
        assert_text(doc->root, "by-hand/0/decision", "allow");
        assert_text(doc->root, "by-hand/1/decision", "block");
        assert_text(doc->root, "by-hand/1/instance", "00000000-0000-0000-0000-000000000000");
}

/* Of every recorded guest, and the same bytes each time. */
static void every_guest_can_be_told(void **state) {
        for (size_t i = 0; i < N_FIXTURES; i++) {
                _cleanup_(said_done) struct said s = {};
                _cleanup_(freep) char *text = NULL, *again = NULL;
                _cleanup_(json_document_freep) struct json_document *doc = NULL;

                said_init(&s, fixture_names[i], NULL);
                doc = document_of(&s, &text);
                assert_int_equal(claims_format(&s.claims, &again), 0);
                assert_string_equal(text, again);
                assert_int_equal(at(doc->root, "boot-id")->kind, JSON_NULL);
                assert_int_equal(at(doc->root, "caller/unit")->kind, JSON_NULL);
        }
}

/* RFC 8785 sorts keys and has no white space. */
static void claims_are_canonical(void **state) {
        _cleanup_(said_done) struct said s = {};
        _cleanup_(freep) char *text = NULL;

        said_init(&s, "snp-openhcl", NULL);
        assert_int_equal(claims_format(&s.claims, &text), 0);
        assert_memory_equal(text,
                "{\"boot-id\":null,\"by-hand\":[],\"caller\":{\"uid\":65534,\"unit\":null},", 64);
        assert_null(strchr(text, '\n'));
}

static void what_json_cannot_hold_is_refused(void **state) {
        _cleanup_(said_done) struct said s = {};
        char *text = NULL;

        said_init(&s, "snp-openhcl", NULL);
        s.claims.caller_unit = "\xff.service";
        assert_int_equal(claims_format(&s.claims, &text), -EILSEQ);
        s.claims.caller_unit = NULL;
        s.claims.time_usec = UINT64_MAX;
        assert_int_equal(claims_format(&s.claims, &text), -ERANGE);
        assert_null(text);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guest_is_told),
        cmocka_unit_test(each_device_is_told),
        cmocka_unit_test(exposure_is_told),
        cmocka_unit_test(decisions_by_hand_are_told),
        cmocka_unit_test(every_guest_can_be_told),
        cmocka_unit_test(claims_are_canonical),
        cmocka_unit_test(what_json_cannot_hold_is_refused),
};
RUN(tests)
