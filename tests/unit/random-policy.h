/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Random policies as a model of their own, for property tests: what lib/policy makes of the text is held
 * against what the test makes of the model. Nothing here includes lib/policy.
 */
#include <stdbool.h>
#include <stdint.h>

#define MODEL_WORDS_MAX 4
#define MODEL_RULES_MAX 8
#define MODEL_FORMS 3

/* A word in the form in which it counts, and in others that mean the same. */
struct model_word {
        const char *canonical;
        const char *forms[MODEL_FORMS]; /* as it may be written; NULL past the last */
};

struct model_words {
        const struct model_word *words[MODEL_WORDS_MAX];
        unsigned n;
};

enum model_key {
        MODEL_CLASS,
        MODEL_INSTANCE,
        MODEL_DRIVER,
        MODEL_VENDOR,
        MODEL_DEVICE,
        MODEL_ISOLATION,
        MODEL_KEYS
};
enum model_flag { MODEL_KERNEL_ALLOWED, MODEL_PARAVISOR, MODEL_HVSOCK, MODEL_FLAGS };
enum model_answer { MODEL_ABSENT, MODEL_FALSE, MODEL_TRUE };

struct model_group {
        struct model_words words[MODEL_KEYS];
        enum model_answer flags[MODEL_FLAGS];
};

struct model_rule {
        unsigned id;
        struct model_group match, negated;
        bool has_negated, ring, dma; /* neither of the last two: `action` is one, else `on-violation` */
        const char *action;
        bool has_protect;
        struct model_words protect;
};

struct model_policy {
        const char *mode, *gate, *unknown, *fallback; /* NULL: not written */
        bool has_expect, has_protect;
        struct model_words expect_isolation, protect;
        enum model_answer expect_paravisor;
        struct model_rule rules[MODEL_RULES_MAX];
        unsigned n_rules;
};

/* A sequence that depends on the seed alone, on every machine. */
struct dice {
        uint64_t state;
};

unsigned dice_roll(struct dice *d, unsigned sides); /* 0 .. sides - 1 */

struct model_policy model_policy_roll(struct dice *d);

/* Changes something; sometimes to what it was, or to what means the same. */
void model_policy_change(struct dice *d, struct model_policy *p);

/*
 * As a text that means the model: order of keys and of lists, forms of words, white space, comments, reasons
 * and labels are the dice's. The caller frees it.
 */
char *model_policy_write(struct dice *d, const struct model_policy *p);

/* What is enforced, as a text that two models share when they enforce the same. The caller frees it. */
char *model_policy_enforced(const struct model_policy *p);
