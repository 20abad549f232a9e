/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decisions held against the facts and the policy that they rest on. */
#include <errno.h>

#include "tests/unit/policy-harness.h"
#include "tests/unit/scratch.h"

#include "lib/enforce/replay.h"

#define RULES                                                                                            \
        "{\"id\":\"private\",\"match\":{\"class\":\"network\"},\"require\":{\"ring\":\"confidential\"}," \
        "\"on-violation\":\"block\"}"

/* Two networks, the second one plain. */
struct world {
        struct scratch s;
        struct channel channels[2];
        struct device devices[2];
        struct guest g;
        struct policy *policy;
        char digest[DIGEST_TEXT_SIZE];
        struct decision_log *log;
};

static int setup(void **state) {
        struct world *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        w->s = scratch_new();
        w->devices[0] = device_of("network", 1, &w->channels[0], CONFIDENTIALITY_CONFIDENTIAL);
        w->devices[1] = device_of("network", 2, &w->channels[1], CONFIDENTIALITY_PLAIN);
        w->g = guest_of_devices(w->devices, 2);
        w->policy = policy_of_rules(RULES);
        digest_format(&w->policy->digest, w->digest);
        assert_int_equal(decision_log_open(w->s.fd, &w->log, NULL), 0);
        *state = w;
        return 0;
}

static int teardown(void **state) {
        struct world *w = *state;

        decision_log_free(w->log);
        policy_free(w->policy);
        scratch_done(&w->s);
        free(w);
        return 0;
}

static void append(const struct world *w, const char *event, const struct device *device,
        const char *verdict, const char *rule, const char *reason) {
        const struct decision_record r = {
                .event = event,
                .instance = device ? device->instance_text : NULL,
                .verdict = verdict,
                .rule = rule,
                .reason = reason,
                .policy = w->digest,
        };

        assert_int_equal(decision_log_append(w->log, &r, NULL), 0);
}

static struct replay run(const struct world *w) {
        _cleanup_(freep) char *text = NULL;
        struct replay r = {};
        struct diag d = {};
        size_t n;

        assert_int_equal(file_read_at(w->s.fd, "decisions.log", DECISION_LOG_MAX, &text, &n), 0);
        if (replay_run("log", text, n, w->policy, &w->g, &r, &d) < 0)
                fail_msg("%s", d.text);
        return r;
}

static void assert_outcomes(const struct world *w, const enum replay_outcome *expected, size_t n) {
        _cleanup_(replay_done) struct replay r = run(w);
        size_t sum = 0;

        assert_int_equal(r.n, n);
        for (size_t i = 0; i < n; i++)
                if (r.entries[i].outcome != expected[i])
                        fail_msg("entry %zu: %s, not %s", i, replay_outcome_to_string(r.entries[i].outcome),
                                replay_outcome_to_string(expected[i]));
        for (size_t i = 0; i < _REPLAY_OUTCOME_MAX; i++)
                sum += r.counts[i];
        assert_int_equal(sum, n);
}

#define EXPECT(w, ...)                                                   \
        assert_outcomes(w, (const enum replay_outcome[]){ __VA_ARGS__ }, \
                sizeof((const enum replay_outcome[]){ __VA_ARGS__ }) / sizeof(enum replay_outcome))

static void the_same_facts_give_the_same(void **state) {
        const struct world *w = *state;

        append(w, "start", NULL, NULL, NULL, NULL);
        append(w, "policy", NULL, NULL, NULL, NULL);
        append(w, "mode", NULL, NULL, NULL, "enforce");
        append(w, "decision", &w->devices[0], "allowed", "private", NULL);
        append(w, "decision", &w->devices[1], "blocked", "private", NULL);
        append(w, "rebound", &w->devices[1], NULL, NULL, "hv_netvsc");
        append(w, "decision", &w->devices[1], "failed", "private",
                NULL); /* no decision, but an action's end */
        EXPECT(w, REPLAY_NOT_JUDGED, REPLAY_NOT_JUDGED, REPLAY_NOT_JUDGED, REPLAY_SAME, REPLAY_SAME,
                REPLAY_NOT_JUDGED, REPLAY_SAME);
}

static void other_facts_give_something_else(void **state) {
        struct world *w = *state;

        append(w, "decision", &w->devices[0], "blocked", "private", NULL);
        append(w, "decision", &w->devices[1], "blocked", "(default)", NULL);
        EXPECT(w, REPLAY_DIFFERS, REPLAY_DIFFERS);
        {
                _cleanup_(replay_done) struct replay r = run(w);

                assert_int_equal(r.entries[0].found, VERDICT_ALLOWED);
                assert_string_equal(r.entries[0].found_rule, "private");
        }
}

static void only_the_last_decision_must_follow(void **state) {
        const struct world *w = *state;

        append(w, "decision", &w->devices[0], "blocked", "private", NULL);
        append(w, "decision", &w->devices[1], "blocked", "private", NULL);
        append(w, "decision", &w->devices[0], "allowed", "private", NULL);
        EXPECT(w, REPLAY_SUPERSEDED, REPLAY_SAME, REPLAY_SAME);
}

static void the_mode_is_the_logs(void **state) {
        const struct world *w = *state;

        append(w, "mode", NULL, NULL, NULL, "audit");
        append(w, "decision", &w->devices[1], "violating", "private", NULL);
        append(w, "mode", NULL, NULL, NULL, "enforce");
        append(w, "decision", &w->devices[1], "blocked", "private", NULL);
        EXPECT(w, REPLAY_NOT_JUDGED, REPLAY_SAME, REPLAY_NOT_JUDGED, REPLAY_SAME);
}

static void decisions_by_hand_are_the_logs(void **state) {
        const struct world *w = *state;

        append(w, "by-hand", &w->devices[1], NULL, NULL, "allow");
        append(w, "decision", &w->devices[1], "allowed", "(by-hand)", NULL);
        append(w, "decision", &w->devices[0], "blocked", "(by-hand)", NULL);
        append(w, "decision", &w->devices[1], "blocked", "private", NULL); /* forgotten */
        append(w, "decision", &w->devices[0], "allowed", "private", NULL);
        EXPECT(w, REPLAY_NOT_JUDGED, REPLAY_SAME, REPLAY_SAME, REPLAY_SAME, REPLAY_SAME);
}

static void what_cannot_be_held_against_it_is_said(void **state) {
        struct world *w = *state;
        struct channel channel;
        const struct device gone = device_of("network", 9, &channel, CONFIDENTIALITY_PLAIN);

        append(w, "decision", &gone, "blocked", "private", NULL);
        strcpy(w->digest, "sha256:00");
        append(w, "decision", &w->devices[0], "blocked", "private", NULL);
        EXPECT(w, REPLAY_GONE, REPLAY_OTHER_POLICY);
}

static void a_broken_chain_is_refused(void **state) {
        const struct world *w = *state;
        _cleanup_(freep) char *text = NULL;
        struct replay r = {};
        struct diag d = {};
        size_t n;

        append(w, "start", NULL, NULL, NULL, NULL);
        append(w, "decision", &w->devices[0], "allowed", "private", NULL);
        assert_int_equal(file_read_at(w->s.fd, "decisions.log", DECISION_LOG_MAX, &text, &n), 0);
        for (size_t cut = 1; cut < n; cut++) {
                _cleanup_(freep) char *part = malloc(cut);
                const char *newline = strchr(text, '\n');

                assert_non_null(part);
                memcpy(part, text, cut);
                if (cut == (size_t)(newline + 1 - text))
                        continue; /* a whole line */
                assert_int_equal(replay_run("log", part, cut, w->policy, &w->g, &r, &d), -EBADMSG);
                assert_non_null(strstr(d.text, "log:"));
                assert_null(r.entries);
        }
        *strstr(text, "start") = 'S';
        assert_int_equal(replay_run("log", text, n, w->policy, &w->g, &r, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "log:2"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        TEST(the_same_facts_give_the_same),
        TEST(other_facts_give_something_else),
        TEST(only_the_last_decision_must_follow),
        TEST(the_mode_is_the_logs),
        TEST(decisions_by_hand_are_the_logs),
        TEST(what_cannot_be_held_against_it_is_said),
        TEST(a_broken_chain_is_refused),
};

RUN(tests)
