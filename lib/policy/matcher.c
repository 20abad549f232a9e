/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a match costs is decided here. All constant questions are bits; a shell pattern is looked at only
 * after the characters before its first and behind its last wildcard have been found in place.
 */
#include "lib/policy/matcher.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/base/number.h"

#define ANY (~0u)

struct pattern {
        const char *text;
        size_t size, prefix, suffix; /* how many characters, before the first wildcard, behind the last */
        bool literal;
};

struct patterns {
        struct pattern *patterns;
        size_t n;
        bool given;
};

struct numbers {
        uint32_t *numbers;
        size_t n;
};

struct matcher {
        unsigned hvsock, isolation, paravisor, kernel_allowed; /* bits of the values that match */
        bool class_given;
        uint64_t classes;    /* bits of those in the table */
        struct guid *others; /* those that are not */
        size_t n_others;
        struct numbers vendors, devices;
        struct patterns instances, drivers;
};

static const char *const keys[] = {
        [MATCH_KEY_NONE] = "none",
        [MATCH_KEY_HVSOCK] = "hvsock",
        [MATCH_KEY_ISOLATION] = "isolation",
        [MATCH_KEY_PARAVISOR] = "paravisor",
        [MATCH_KEY_KERNEL_ALLOWED] = "kernel-allowed",
        [MATCH_KEY_CLASS] = "class",
        [MATCH_KEY_VENDOR] = "vendor",
        [MATCH_KEY_DEVICE] = "device",
        [MATCH_KEY_INSTANCE] = "instance",
        [MATCH_KEY_DRIVER] = "driver",
        [MATCH_KEY_NOT] = "not",
};
_Static_assert(N_NAMES(keys) == _MATCH_KEY_MAX, "every key has a name");

const char *match_key_to_string(enum match_key k) {
        return name_of(keys, N_NAMES(keys), k);
}

static uint64_t class_bit(const struct guid *class) {
        for (size_t i = 0; i < 64 && vmbus_class_at(i); i++)
                if (guid_equal(&vmbus_class_at(i)->guid, class))
                        return UINT64_C(1) << i;
        return 0;
}

static unsigned tristate_bit(enum tristate t) {
        return 1u << t;
}

static enum tristate tristate_of(bool b) {
        return b ? TRISTATE_YES : TRISTATE_NO;
}

struct subject subject_of(const struct guest *g, const struct device *d) {
        return (struct subject){
                .device = d,
                .class_bit = class_bit(&d->class),
                .isolation_bit = 1u << g->isolation.type,
                .hvsock_bit = tristate_bit(tristate_of(d->hvsock)),
                .kernel_allowed_bit = tristate_bit(tristate_of(device_kernel_allowed(d))),
                .paravisor_bit = tristate_bit(isolation_paravisor(&g->isolation)),
                .candidate_size = d->candidate ? strlen(d->candidate) : 0,
        };
}

bool pattern_is_literal(const char *pattern) {
        return !strpbrk(pattern, "*?[");
}

bool pattern_fits(const char *pattern, const char *text) {
        return fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

static struct pattern pattern_of(const char *text) {
        static const char wildcards[] = "*?[]";
        struct pattern p = { .text = text, .size = strlen(text), .literal = pattern_is_literal(text) };

        p.prefix = strcspn(text, wildcards);
        while (p.suffix < p.size - p.prefix && !strchr(wildcards, text[p.size - p.suffix - 1]))
                p.suffix++;
        return p;
}

/* Most patterns fit nothing: one character on either side tells, before anything is called. */
static bool ends_fit(const struct pattern *p, const char *text, size_t size) {
        return (p->prefix == 0 || text[0] == p->text[0]) &&
                (p->suffix == 0 || (size > 0 && text[size - 1] == p->text[p->size - 1]));
}

static bool pattern_matches(const struct pattern *p, const char *text, size_t size) {
        if (!ends_fit(p, text, size))
                return false;
        if (p->literal)
                return size == p->size && memcmp(text, p->text, size) == 0;
        return size >= p->prefix && size >= p->suffix && memcmp(text, p->text, p->prefix) == 0 &&
                memcmp(text + size - p->suffix, p->text + p->size - p->suffix, p->suffix) == 0 &&
                pattern_fits(p->text, text);
}

static bool patterns_match(const struct patterns *p, const char *text, size_t size) {
        if (!p->given)
                return true;
        for (size_t i = 0; text && i < p->n; i++)
                if (pattern_matches(&p->patterns[i], text, size))
                        return true;
        return false;
}

static bool numbers_match(const struct numbers *n, uint32_t number) {
        for (size_t i = 0; i < n->n; i++)
                if (n->numbers[i] == number)
                        return true;
        return n->n == 0;
}

static bool class_matches(const struct matcher *m, const struct subject *s) {
        if (!m->class_given)
                return true;
        if (s->class_bit)
                return m->classes & s->class_bit;
        for (size_t i = 0; i < m->n_others; i++)
                if (guid_equal(&m->others[i], &s->device->class))
                        return true;
        return false;
}

/* The cheap questions first. */
static enum match_key mismatch(const struct matcher *m, const struct subject *s) {
        const struct device *d = s->device;

        if (!(m->hvsock & s->hvsock_bit))
                return MATCH_KEY_HVSOCK;
        if (!(m->isolation & s->isolation_bit))
                return MATCH_KEY_ISOLATION;
        if (!(m->paravisor & s->paravisor_bit))
                return MATCH_KEY_PARAVISOR;
        if (!(m->kernel_allowed & s->kernel_allowed_bit))
                return MATCH_KEY_KERNEL_ALLOWED;
        if (!class_matches(m, s))
                return MATCH_KEY_CLASS;
        if (!numbers_match(&m->vendors, d->vendor))
                return MATCH_KEY_VENDOR;
        if (!numbers_match(&m->devices, d->device))
                return MATCH_KEY_DEVICE;
        if (!patterns_match(&m->instances, d->instance_text, GUID_TEXT_SIZE - 1))
                return MATCH_KEY_INSTANCE;
        if (!patterns_match(&m->drivers, d->candidate, s->candidate_size))
                return MATCH_KEY_DRIVER;
        return MATCH_KEY_NONE;
}

enum match_key matcher_mismatch(const struct policy_match *m, const struct subject *s) {
        enum match_key k = mismatch(m->matcher, s);

        if (k == MATCH_KEY_NONE && m->negated && mismatch(m->negated->matcher, s) == MATCH_KEY_NONE)
                return MATCH_KEY_NOT;
        return k;
}

static int prepare_patterns(const struct policy_words *words, struct patterns *ret) {
        if (words->n == 0)
                return 0;
        ret->patterns = calloc(words->n, sizeof(*ret->patterns));
        if (!ret->patterns)
                return -ENOMEM;
        for (size_t i = 0; i < words->n; i++)
                ret->patterns[i] = pattern_of(words->words[i]);
        ret->n = words->n;
        ret->given = true;
        return 0;
}

/* The words of a policy are checked when read: they are numbers, GUIDs and names of isolation types. */
static int prepare_numbers(const struct policy_words *words, struct numbers *ret) {
        if (words->n == 0)
                return 0;
        ret->numbers = calloc(words->n, sizeof(*ret->numbers));
        if (!ret->numbers)
                return -ENOMEM;
        for (size_t i = 0; i < words->n; i++)
                if (number_parse_u32(words->words[i], 16, &ret->numbers[ret->n]) == 0)
                        ret->n++;
        return 0;
}

static int prepare_classes(const struct policy_words *words, struct matcher *m) {
        if (words->n == 0)
                return 0;
        m->class_given = true;
        m->others = calloc(words->n, sizeof(*m->others));
        if (!m->others)
                return -ENOMEM;
        for (size_t i = 0; i < words->n; i++) {
                struct guid class;
                uint64_t bit;

                if (guid_parse(words->words[i], &class) < 0)
                        continue;
                bit = class_bit(&class);
                m->classes |= bit;
                if (!bit)
                        m->others[m->n_others++] = class;
        }
        return 0;
}

static unsigned isolation_bits(const struct policy_words *words) {
        unsigned bits = 0;

        if (words->n == 0)
                return ANY;
        for (size_t i = 0; i < words->n; i++) {
                int type = isolation_type_from_string(words->words[i]);

                if (type >= 0)
                        bits |= 1u << type;
        }
        return bits;
}

static unsigned tristate_bits(enum tristate wanted) {
        return wanted == TRISTATE_UNKNOWN ? ANY : tristate_bit(wanted);
}

void matcher_free(struct matcher *m) {
        if (!m)
                return;
        free(m->others);
        free(m->vendors.numbers);
        free(m->devices.numbers);
        free(m->instances.patterns);
        free(m->drivers.patterns);
        free(m);
}
DEFINE_FREEP(struct matcher, matcher_free)

static int prepare(struct policy_match *m) {
        _cleanup_(matcher_freep) struct matcher *matcher = calloc(1, sizeof(*matcher));

        if (!matcher || prepare_classes(&m->class, matcher) < 0 ||
                prepare_numbers(&m->vendor, &matcher->vendors) < 0 ||
                prepare_numbers(&m->device, &matcher->devices) < 0 ||
                prepare_patterns(&m->instance, &matcher->instances) < 0 ||
                prepare_patterns(&m->driver, &matcher->drivers) < 0)
                return -ENOMEM;
        matcher->hvsock = tristate_bits(m->hvsock);
        matcher->paravisor = tristate_bits(m->paravisor);
        matcher->kernel_allowed = tristate_bits(m->kernel_allowed);
        matcher->isolation = isolation_bits(&m->isolation);
        m->matcher = TAKE(matcher);
        return 0;
}

int matcher_prepare(struct policy_match *m) {
        int r = prepare(m);

        if (r < 0 || (m->negated && prepare(m->negated) < 0))
                return -ENOMEM;
        if (m->hvsock == TRISTATE_UNKNOWN)
                m->matcher->hvsock = tristate_bit(TRISTATE_NO);
        return 0;
}
