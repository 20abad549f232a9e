/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small pools of words, so that random rules and random devices meet often. */
#include "tests/unit/random-policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define MEMBERS_MAX 16
#define SETTINGS 6 /* that roll_setting() knows */

static const struct model_word classes[] = {
        { "f8615163-df3e-46c5-913f-f2d2f965ed0e", { "network", "{F8615163-DF3E-46C5-913F-F2D2F965ED0E}" } },
        { "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", { "scsi", "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f" } },
        { "44c4f61d-4444-4400-9d52-802e27ede19f", { "pci" } },
        { "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6", { "kvp", "A9A0F4E7-5A45-4D96-B827-8A841E8C03E6" } },
        { "00000000-aaaa-bbbb-cccc-ddddeeeeffff", { "00000000-AAAA-BBBB-CCCC-DDDDEEEEFFFF" } },
};
static const struct model_word instances[] = {
        { "00000000-0001-1111-2222-333344445555", { "{00000000-0001-1111-2222-333344445555}" } },
        { "000000a1-0002-1111-2222-333344445555", { "000000A1-0002-1111-2222-333344445555" } },
        { "0000000*", { "0000000*" } },
        { "*-0003-*", { "*-0003-*" } },
        { "000000[a-c]?-*", { "000000[A-C]?-*", "000000[a-c]?-*" } },
        { "*-000[!1-3]-1111-2222-333344445555", { "*-000[!1-3]-1111-2222-333344445555" } },
        { "*", { "*" } },
};
static const struct model_word drivers[] = {
        { "hv_netvsc", { "hv_netvsc" } },
        { "hv_*", { "hv_*" } },
        { "hv_[nu]*", { "hv_[nu]*" } },
        { "*c", { "*c" } },
        { "hv_?ci", { "hv_?ci" } },
        { "uio_*", { "uio_*" } },
};
static const struct model_word numbers[] = {
        { "0x1414", { "0x1414", "0x001414" } },
        { "0x1", { "0x1", "0x01" } },
        { "0xa", { "0xA", "0xa", "0x0000000a" } },
};
static const struct model_word isolations[] = { { "snp", { "snp" } }, { "tdx", { "tdx" } },
        { "none", { "none" } } };
static const struct model_word protects[] = {
        { "root", { "root" } },
        { "usr", { "usr" } },
        { "boot", { "boot" } },
        { "swap", { "swap" } },
        { "mounted", { "mounted" } },
        { "/srv", { "/srv" } },
        { "/srv/data/x", { "/srv/data/x" } },
};
static const struct {
        const char *name;
        const struct model_word *pool;
        unsigned n;
} keys[MODEL_KEYS] = {
        [MODEL_CLASS] = { "class", classes, N(classes) },
        [MODEL_INSTANCE] = { "instance", instances, N(instances) },
        [MODEL_DRIVER] = { "driver", drivers, N(drivers) },
        [MODEL_VENDOR] = { "vendor", numbers, N(numbers) },
        [MODEL_DEVICE] = { "device", numbers, N(numbers) },
        [MODEL_ISOLATION] = { "isolation", isolations, N(isolations) },
};
static const char *const flags[MODEL_FLAGS] = {
        [MODEL_KERNEL_ALLOWED] = "kernel-allowed",
        [MODEL_PARAVISOR] = "paravisor",
        [MODEL_HVSOCK] = "hvsock",
};

/* splitmix64, by Sebastiano Vigna: public domain. */
unsigned dice_roll(struct dice *d, unsigned sides) {
        uint64_t z = d->state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return (unsigned)((z ^ z >> 31) % sides);
}

static bool one_in(struct dice *d, unsigned n) {
        return dice_roll(d, n) == 0;
}

static const char *one_of(struct dice *d, const char *const *words, unsigned n) {
        return words[dice_roll(d, n)];
}
#define ONE_OF(d, ...) \
        one_of(d, (const char *const[]){ __VA_ARGS__ }, N(((const char *const[]){ __VA_ARGS__ })))

static struct model_words roll_words(struct dice *d, const struct model_word *pool, unsigned n,
        unsigned min) {
        struct model_words w = { .n = min + dice_roll(d, MODEL_WORDS_MAX + 1 - min) };

        for (unsigned i = 0; i < w.n; i++)
                w.words[i] = &pool[dice_roll(d, n)];
        return w;
}

static struct model_group roll_group(struct dice *d, bool with_hvsock) {
        struct model_group g = {};

        for (unsigned i = 0; i < MODEL_KEYS; i++)
                if (one_in(d, i == MODEL_CLASS ? 2 : 5))
                        g.words[i] = roll_words(d, keys[i].pool, keys[i].n, 1);
        for (unsigned i = 0; i < MODEL_FLAGS; i++)
                if (one_in(d, 8) && (i != MODEL_HVSOCK || with_hvsock))
                        g.flags[i] = one_in(d, 2) ? MODEL_FALSE : MODEL_TRUE;
        return g;
}

static bool is_empty(const struct model_group *g) {
        bool empty = true;

        for (unsigned i = 0; i < MODEL_KEYS; i++)
                empty = empty && g->words[i].n == 0;
        for (unsigned i = 0; i < MODEL_FLAGS; i++)
                empty = empty && g->flags[i] == MODEL_ABSENT;
        return empty;
}

static void roll_decision(struct dice *d, struct model_rule *r) {
        bool required = one_in(d, 2);

        r->ring = required && !one_in(d, 4);
        r->dma = required && (!r->ring || one_in(d, 4));
        r->action = required ? ONE_OF(d, "audit", "block", "halt") : ONE_OF(d, "allow", "audit", "block");
        if (r->match.flags[MODEL_HVSOCK] == MODEL_TRUE && strcmp(r->action, "block") == 0)
                r->action = "audit";
}

static void roll_negated(struct dice *d, struct model_rule *r) {
        r->has_negated = one_in(d, 4);
        r->negated = r->has_negated ? roll_group(d, false) : (struct model_group){};
        if (r->has_negated && is_empty(&r->negated))
                r->negated.words[MODEL_CLASS] = roll_words(d, classes, N(classes), 1);
}

static void roll_protect(struct dice *d, struct model_rule *r) {
        r->has_protect = one_in(d, 4);
        r->protect = r->has_protect ? roll_words(d, protects, N(protects), 0) : (struct model_words){};
}

static struct model_rule roll_rule(struct dice *d, unsigned id) {
        struct model_rule r = { .id = id, .match = roll_group(d, true) };

        roll_negated(d, &r);
        roll_protect(d, &r);
        roll_decision(d, &r);
        return r;
}

static void roll_setting(struct dice *d, struct model_policy *p, unsigned which) {
        switch (which) {
        case 0:
                p->mode = ONE_OF(d, "audit", "enforce", NULL);
                break;
        case 1:
                p->unknown = ONE_OF(d, "violation", "pass", NULL);
                break;
        case 2:
                p->fallback = ONE_OF(d, "allow", "audit", "block", NULL);
                break;
        case 3:
                p->gate = ONE_OF(d, "on", "off", NULL);
                break;
        case 4:
                p->has_protect = !one_in(d, 3);
                p->protect =
                        p->has_protect ? roll_words(d, protects, N(protects), 0) : (struct model_words){};
                break;
        default:
                p->has_expect = one_in(d, 2);
                p->expect_isolation = p->has_expect && one_in(d, 2)
                        ? roll_words(d, isolations, N(isolations), 1)
                        : (struct model_words){};
                p->expect_paravisor = p->has_expect ? (enum model_answer)dice_roll(d, 3) : MODEL_ABSENT;
                break;
        }
}

struct model_policy model_policy_roll(struct dice *d) {
        struct model_policy p = { .n_rules = dice_roll(d, MODEL_RULES_MAX + 1) };

        for (unsigned i = 0; i < SETTINGS; i++)
                roll_setting(d, &p, i);
        for (unsigned i = 0; i < p.n_rules; i++)
                p.rules[i] = roll_rule(d, i);
        return p;
}

static void change_rules(struct dice *d, struct model_policy *p) {
        unsigned at = dice_roll(d, p->n_rules), other = dice_roll(d, p->n_rules);
        struct model_rule *r = &p->rules[at], kept = *r;

        switch (dice_roll(d, 8)) {
        case 0: /* their order */
                *r = p->rules[other];
                p->rules[other] = kept;
                break;
        case 1: /* one less */
                *r = p->rules[--p->n_rules];
                break;
        case 2: /* one key */
                at = dice_roll(d, MODEL_KEYS);
                r->match.words[at] = roll_words(d, keys[at].pool, keys[at].n, 0);
                break;
        case 3: /* one answer */
                at = dice_roll(d, MODEL_HVSOCK);
                r->match.flags[at] = (enum model_answer)dice_roll(d, 3);
                break;
        case 4: /* what is taken out */
                roll_negated(d, r);
                break;
        case 5: /* what is spared */
                roll_protect(d, r);
                break;
        case 6: /* what comes of it */
                roll_decision(d, r);
                break;
        default: /* its name */
                r->id = MODEL_RULES_MAX + dice_roll(d, 2) * r->id;
                break;
        }
}

void model_policy_change(struct dice *d, struct model_policy *p) {
        unsigned which = dice_roll(d, 2 * SETTINGS);

        if (which < SETTINGS || p->n_rules == 0)
                roll_setting(d, p, which % SETTINGS);
        else
                change_rules(d, p);
}

/* White space and comments, between any two tokens. */
static const char *gap(struct dice *d) {
        return ONE_OF(d, "", "", "", " ", "\n", "\t", "\r\n", " // \"a\": [ }\n", "/* , */");
}

/* Things that may stand in any order. */
struct members {
        char *texts[MEMBERS_MAX];
        unsigned n;
};

/* Takes value, which may be NULL for nothing; key NULL: of a list. */
static void add(struct dice *d, struct members *m, const char *key, char *value) {
        if (!value)
                return;
        if (m->n == MEMBERS_MAX ||
                (key ? asprintf(&m->texts[m->n], "\"%s\"%s:%s%s", key, gap(d), gap(d), value)
                     : asprintf(&m->texts[m->n], "%s", value)) < 0)
                abort();
        m->n++;
        free(value);
}

static void shuffle(struct dice *d, struct members *m) {
        for (unsigned i = m->n; i > 1; i--) {
                unsigned other = dice_roll(d, i);
                char *kept = m->texts[i - 1];

                m->texts[i - 1] = m->texts[other];
                m->texts[other] = kept;
        }
}

/* Between the two brackets; frees the members. */
static char *join(struct dice *d, struct members *m, const char brackets[2]) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                abort();
        fprintf(f, "%c%s", brackets[0], gap(d));
        for (unsigned i = 0; i < m->n; i++) {
                fprintf(f, "%s%s%s%s", i > 0 ? "," : "", gap(d), m->texts[i], gap(d));
                free(m->texts[i]);
        }
        fprintf(f, "%c", brackets[1]);
        if (fclose(f) != 0)
                abort();
        return text;
}

static char *write_string(const char *text) {
        char *written = NULL;

        if (text && asprintf(&written, "\"%s\"", text) < 0)
                abort();
        return written;
}

static char *write_word(struct dice *d, const struct model_word *w) {
        unsigned n = 1;

        while (n < MODEL_FORMS && w->forms[n])
                n++;
        return write_string(w->forms[dice_roll(d, n)]);
}

/* A list, with a word twice at times; of one word, the word alone as well where that is allowed. */
static char *write_words(struct dice *d, const struct model_words *w, bool always_list) {
        struct members m = {};

        if (w->n == 1 && !always_list && one_in(d, 2))
                return write_word(d, w->words[0]);
        for (unsigned i = 0; i < w->n; i++)
                for (unsigned times = one_in(d, 8) ? 2 : 1; times > 0; times--)
                        add(d, &m, NULL, write_word(d, w->words[i]));
        shuffle(d, &m);
        return join(d, &m, "[]");
}

static char *write_answer(enum model_answer a) {
        return a == MODEL_ABSENT ? NULL : strdup(a == MODEL_TRUE ? "true" : "false");
}

static char *write_group(struct dice *d, const struct model_group *g, const struct model_group *negated) {
        struct members m = {};

        for (unsigned i = 0; i < MODEL_KEYS; i++)
                add(d, &m, keys[i].name, g->words[i].n > 0 ? write_words(d, &g->words[i], false) : NULL);
        for (unsigned i = 0; i < MODEL_FLAGS; i++)
                add(d, &m, flags[i], write_answer(g->flags[i]));
        add(d, &m, "not", negated ? write_group(d, negated, NULL) : NULL);
        shuffle(d, &m);
        return join(d, &m, "{}");
}

static char *write_require(struct dice *d, const struct model_rule *r) {
        struct members m = {};

        if (!r->ring && !r->dma)
                return NULL;
        add(d, &m, "ring", r->ring ? write_string("confidential") : NULL);
        add(d, &m, "dma", r->dma ? write_string("confidential") : NULL);
        shuffle(d, &m);
        return join(d, &m, "{}");
}

static char *write_rule(struct dice *d, const struct model_rule *r) {
        struct members m = {};
        char id[16];

        snprintf(id, sizeof(id), "r%u", r->id);
        add(d, &m, "id", write_string(id));
        add(d, &m, "match", write_group(d, &r->match, r->has_negated ? &r->negated : NULL));
        add(d, &m, "require", write_require(d, r));
        add(d, &m, r->ring || r->dma ? "on-violation" : "action", write_string(r->action));
        add(d, &m, "protect", r->has_protect ? write_words(d, &r->protect, true) : NULL);
        add(d, &m, "reason",
                one_in(d, 2) ? write_string(ONE_OF(d, "", "because", "\\u00fc \\\"x\\\"")) : NULL);
        add(d, &m, "labels", one_in(d, 4) ? write_string(ONE_OF(d, "a", "owner=b")) : NULL);
        shuffle(d, &m);
        return join(d, &m, "{}");
}

static char *write_expect(struct dice *d, const struct model_policy *p) {
        struct members m = {};

        if (!p->has_expect)
                return NULL;
        add(d, &m, "isolation",
                p->expect_isolation.n > 0 ? write_words(d, &p->expect_isolation, false) : NULL);
        add(d, &m, "paravisor", write_answer(p->expect_paravisor));
        shuffle(d, &m);
        return join(d, &m, "{}");
}

static char *write_default(struct dice *d, const struct model_policy *p) {
        struct members m = {};

        if (!p->fallback)
                return NULL;
        add(d, &m, "action", write_string(p->fallback));
        return join(d, &m, "{}");
}

char *model_policy_write(struct dice *d, const struct model_policy *p) {
        struct members m = {}, rules = {};

        for (unsigned i = 0; i < p->n_rules; i++)
                add(d, &rules, NULL, write_rule(d, &p->rules[i]));
        add(d, &m, "version", strdup("1"));
        add(d, &m, "$schema", one_in(d, 4) ? write_string("x") : NULL);
        add(d, &m, "mode", write_string(p->mode));
        add(d, &m, "gate", write_string(p->gate));
        add(d, &m, "unknown", write_string(p->unknown));
        add(d, &m, "protect", p->has_protect ? write_words(d, &p->protect, true) : NULL);
        add(d, &m, "expect", write_expect(d, p));
        add(d, &m, "default", write_default(d, p));
        if (p->n_rules > 0 || one_in(d, 2))
                add(d, &m, "rules", join(d, &rules, "[]"));
        shuffle(d, &m);
        return join(d, &m, "{}");
}

static int compare(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once. */
static void tell_words(FILE *f, const char *key, const struct model_words *w) {
        const char *sorted[MODEL_WORDS_MAX];

        for (unsigned i = 0; i < w->n; i++)
                sorted[i] = w->words[i]->canonical;
        qsort(sorted, w->n, sizeof(*sorted), compare);
        fprintf(f, " %s(", key);
        for (unsigned i = 0; i < w->n; i++)
                if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
                        fprintf(f, "%s,", sorted[i]);
        fputs(")", f);
}

static void tell_group(FILE *f, const struct model_group *g) {
        for (unsigned i = 0; i < MODEL_KEYS; i++)
                tell_words(f, keys[i].name, &g->words[i]);
        for (unsigned i = 0; i < MODEL_FLAGS; i++)
                fprintf(f, " %s=%d", flags[i], (int)g->flags[i]);
}

char *model_policy_enforced(const struct model_policy *p) {
        static const struct model_words usual = { { &protects[0], &protects[1], &protects[2], &protects[3] },
                4 };
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                abort();
        fprintf(f, "%s %s %s %s paravisor=%d", p->mode ?: "audit", p->gate ?: "off",
                p->unknown ?: "violation", p->fallback ?: "block", (int)p->expect_paravisor);
        tell_words(f, "expect", &p->expect_isolation);
        tell_words(f, "protect", p->has_protect ? &p->protect : &usual);
        for (unsigned i = 0; i < p->n_rules; i++) {
                const struct model_rule *r = &p->rules[i];

                fprintf(f, "\nr%u %d%d %s", r->id, r->ring, r->dma, r->action);
                tell_group(f, &r->match);
                fputs(" not", f);
                if (r->has_negated)
                        tell_group(f, &r->negated);
                if (r->has_protect)
                        tell_words(f, "protect", &r->protect);
        }
        if (fclose(f) != 0)
                abort();
        return text;
}
