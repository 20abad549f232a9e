/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The keys of one match, made ready: classes as bits, GUIDs and numbers as such, patterns with what a cheap
 * look can rule out. Thousands of channels against a thousand rules are millions of these.
 */
#include "lib/policy/policy.h"

enum match_key {
        MATCH_KEY_NONE,
        MATCH_KEY_HVSOCK,
        MATCH_KEY_ISOLATION,
        MATCH_KEY_PARAVISOR,
        MATCH_KEY_KERNEL_ALLOWED,
        MATCH_KEY_CLASS,
        MATCH_KEY_VENDOR,
        MATCH_KEY_DEVICE,
        MATCH_KEY_INSTANCE,
        MATCH_KEY_DRIVER,
        MATCH_KEY_NOT,
        _MATCH_KEY_MAX,
};

/* What a device shows to the rules, looked up once. */
struct subject {
        const struct device *device;
        uint64_t class_bit; /* 0: not in the table of classes */
        unsigned isolation_bit, hvsock_bit, kernel_allowed_bit, paravisor_bit;
        size_t candidate_size;
};

struct subject subject_of(const struct guest *g, const struct device *d);

/*
 * For the match of a rule, the group below it included; the matchers borrow the words. A rule that does not
 * say `hvsock` is none for hv_sock connections. -ENOMEM.
 */
int matcher_prepare(struct policy_match *m);
void matcher_free(struct matcher *m);

/* The first key that speaks against the match, NONE when all match; NOT when only the group does. */
enum match_key matcher_mismatch(const struct policy_match *m, const struct subject *s);

/* As policies write it: "class", "kernel-allowed", ... */
const char *match_key_to_string(enum match_key k);

/* Whether no character of the pattern stands for others; whether the pattern fits the whole text. */
bool pattern_is_literal(const char *pattern);
bool pattern_fits(const char *pattern, const char *text);
