/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shape of claims is that of lib/claims/claims.h. */
#include "lib/verify/claims-appraisal.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/policy/policy-problem.h"

#define USEC_PER_SEC INT64_C(1000000)
#define CLOCK_SLACK 60 /* seconds by which the guest's clock may be ahead of ours */

/* NULL when there is none, or it is no string. */
static const char *text_of(const struct json_node *object, const char *key) {
        const struct json_node *m = object && object->kind == JSON_OBJECT ? json_member(object, key) : NULL;

        return m && m->kind == JSON_STRING ? m->string : NULL;
}

static void judge_policy_digest(const struct json_node *claims, const struct expectation *x,
        struct checks *c) {
        const char *text = text_of(json_member(claims, "policy"), "digest");
        struct digest digest;
        bool found = false;

        if (x->policy_digest.n == 0)
                return;
        if (!text || digest_parse(text, &digest) < 0) {
                check_note(c, CHECK_POLICY_DIGEST, CHECK_UNAVAILABLE, "the claims name no policy");
                return;
        }
        for (size_t i = 0; i < x->policy_digest.n; i++)
                found = CRYPTO_memcmp(x->policy_digest.bytes + i * SHA256_SIZE, digest.bytes, SHA256_SIZE) ==
                                0 ||
                        found;
        check_that(c, CHECK_POLICY_DIGEST, found, "%.23s..., of %zu expected", text, x->policy_digest.n);
}

/* expected: bits 1 << value; value: what the word means, negative for a word that is not known. */
static void judge_word(unsigned expected, int value, enum check_id id, const char *word, struct checks *c) {
        if (!expected)
                return;
        if (word)
                check_that(c, id, value >= 0 && expected & 1U << value, "%s", quote(word).text);
        else
                check_note(c, id, CHECK_UNAVAILABLE, "the claims do not say");
}

static void judge_devices(const struct json_node *claims, const struct expectation *x, struct checks *c) {
        const struct json_node *devices = json_member(claims, "devices");

        if (!x->verdicts)
                return;
        if (!devices || devices->kind != JSON_LIST) {
                check_note(c, CHECK_DEVICES, CHECK_UNAVAILABLE, "the claims name no devices");
                return;
        }
        for (const struct json_node *device = devices->children; device; device = device->next) {
                const char *word = text_of(device, "verdict"), *instance = text_of(device, "instance");
                int verdict = word ? verdict_from_string(word) : -1;

                if (verdict < 0 || !(x->verdicts & 1U << verdict))
                        check_note(c, CHECK_DEVICES, CHECK_FAIL, "%s is %s",
                                quote(instance ?: "a device").text, quote(word ?: "without a verdict").text);
        }
        check_note(c, CHECK_DEVICES, CHECK_PASS, "%zu as expected", devices->n_children);
}

static void judge_age(const struct json_node *claims, const struct expectation *x, int64_t at,
        struct checks *c) {
        const struct json_node *time = json_member(claims, "time-usec");
        int64_t age;

        if (!x->has_age)
                return;
        if (!time || time->kind != JSON_INTEGER) {
                check_note(c, CHECK_AGE, CHECK_UNAVAILABLE, "the claims have no time");
                return;
        }
        age = at - time->integer / USEC_PER_SEC;
        check_that(c, CHECK_AGE, age >= -CLOCK_SLACK && age <= (int64_t)x->age,
                "%lld seconds old, at most %u expected", (long long)age, x->age);
}

/* Without claims, what is expected of them is not met. */
static void claims_are_missing(const struct expectation *x, struct checks *c) {
        static const char detail[] = "the evidence carries no claims";

        if (x->policy_digest.n > 0)
                check_note(c, CHECK_POLICY_DIGEST, CHECK_UNAVAILABLE, detail);
        if (x->modes)
                check_note(c, CHECK_MODE, CHECK_UNAVAILABLE, detail);
        if (x->states)
                check_note(c, CHECK_STATE, CHECK_UNAVAILABLE, detail);
        if (x->verdicts)
                check_note(c, CHECK_DEVICES, CHECK_UNAVAILABLE, detail);
        if (x->has_age)
                check_note(c, CHECK_AGE, CHECK_UNAVAILABLE, detail);
}

void claims_appraise(const struct evidence *e, const struct expectation *x, int64_t at, struct checks *c) {
        const struct json_node *claims = e->claims_document ? e->claims_document->root : NULL;
        const char *mode, *state;

        if (!claims) {
                claims_are_missing(x, c);
                return;
        }
        mode = text_of(claims, "mode");
        state = text_of(claims, "state");
        judge_policy_digest(claims, x, c);
        judge_word(x->modes, mode ? policy_mode_from_string(mode) : -1, CHECK_MODE, mode, c);
        judge_word(x->states, state ? guest_state_from_string(state) : -1, CHECK_STATE, state, c);
        judge_devices(claims, x, c);
        judge_age(claims, x, at, c);
}
