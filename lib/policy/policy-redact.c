/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Over the policy as it was understood, not over its text: what is not understood is not passed on. */
#include "lib/policy/policy-redact.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json-build.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/policy/matcher.h"
#include "lib/policy/policy-json.h"
#include "lib/policy/protect.h"

#define NOBODY "ffffffff-cafe-4000-a000-ffffffffffff" /* an instance that no host offers */

struct redacting {
        const struct snapshot *snapshot;
        const struct guest *guest;
        const struct redaction *redaction;
};

static int learn_text(struct redaction *r, const char *text) {
        return redaction_learn(r, text, strlen(text));
}

static int learn_match(const struct policy_match *m, struct redaction *r) {
        int error = 0;

        for (size_t i = 0; i < m->instance.n && error == 0; i++)
                error = learn_text(r, m->instance.words[i]);
        return error == 0 && m->negated ? learn_match(m->negated, r) : error;
}

int policy_redact_learn(const struct policy *p, struct redaction *r) {
        int error = 0;

        for (size_t i = 0; i < p->n_rules && error == 0; i++) {
                error = learn_text(r, p->rules[i].id);
                if (error == 0)
                        error = learn_match(&p->rules[i].match, r);
        }
        return error;
}

static bool has_word(struct json_object *list, const char *word) {
        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), word) == 0)
                        return true;
        return false;
}

/* Each word once. */
static int add_instance(const struct redacting *x, struct json_object *list, const char *instance) {
        _cleanup_(freep) char *text = NULL;
        int r = redaction_apply(x->redaction, REDACTION_PATH, instance, strlen(instance), &text, NULL);

        if (r < 0)
                return r;
        return has_word(list, text) || json_append_text(list, text) ? 0 : -ENOMEM;
}

/* A pattern is worth what it fits, for it cannot fit a stand-in. */
static int add_instances(const struct redacting *x, struct json_object *list, const char *word) {
        int r = 0;

        if (pattern_is_literal(word))
                return add_instance(x, list, word);
        for (size_t i = 0; i < x->guest->n_devices && r == 0; i++)
                if (pattern_fits(word, x->guest->devices[i].instance_text))
                        r = add_instance(x, list, x->guest->devices[i].instance_text);
        return r;
}

/* Replaces the instances in json, which is m in the form of its file. */
static int redact_match(const struct redacting *x, const struct policy_match *m, struct json_object *json) {
        _cleanup_(json_putp) struct json_object *list = json_object_new_array();
        struct json_object *negated;
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < m->instance.n && r == 0; i++)
                r = add_instances(x, list, m->instance.words[i]);
        if (r == 0 && m->instance.n > 0 && json_object_array_length(list) == 0 &&
                !json_append_text(list, NOBODY))
                r = -ENOMEM;
        if (r == 0 && m->instance.n > 0 && !json_add(json, "instance", TAKE(list)))
                r = -ENOMEM;
        if (r < 0 || !m->negated)
                return r;
        return json_object_object_get_ex(json, "not", &negated) ? redact_match(x, m->negated, negated)
                                                                : -EINVAL;
}

/* Where on the guest the path lies, of all that has a device below it: what its protection depends on. */
static const char *mount_of(const struct guest *g, const char *path) {
        const char *best = NULL;
        size_t covered = 0;

        for (size_t i = 0; i < g->n_devices; i++)
                for (size_t j = 0; j < g->devices[i].n_dependents; j++) {
                        const struct dependent *d = &g->devices[i].dependents[j];
                        size_t n = d->kind == DEPENDENT_MOUNT ? protect_covered(d->name, path) : 0;

                        if (n > covered) {
                                covered = n;
                                best = d->name;
                        }
                }
        return best;
}

/* The mount's stand-in, or a file below it. */
static int redact_path(const struct redacting *x, const char *path, size_t number, char **ret) {
        const char *mount = mount_of(x->guest, path);
        _cleanup_(freep) char *where = NULL;
        int r = mount ? snapshot_redact_mount(x->snapshot, mount, &where) : 0;

        if (r < 0)
                return r;
        if (mount && strcmp(mount, path) == 0) {
                *ret = TAKE(where);
                return 0;
        }
        return asprintf(ret, "%s/file%zu", where && strcmp(where, "/") != 0 ? where : "", number) < 0
                ? -ENOMEM
                : 0;
}

static int redact_protect(const struct redacting *x, const struct policy_words *words,
        struct json_object *json) {
        _cleanup_(json_putp) struct json_object *list = json_object_new_array();

        for (size_t i = 0; list && i < words->n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (words->words[i][0] == '/' && redact_path(x, words->words[i], i, &path) < 0)
                        return -ENOMEM;
                if (!has_word(list, path ?: words->words[i]) &&
                        !json_append_text(list, path ?: words->words[i]))
                        return -ENOMEM;
        }
        return list && json_add(json, "protect", TAKE(list)) ? 0 : -ENOMEM;
}

static bool is_taken(struct json_object *rules, size_t n, const char *id) {
        for (size_t i = 0; i < n; i++) {
                struct json_object *other;

                if (json_object_object_get_ex(json_object_array_get_idx(rules, i), "id", &other) &&
                        strcmp(json_object_get_string(other), id) == 0)
                        return true;
        }
        return false;
}

/* Without names, and still another one than every id before. */
static int redact_id(const struct redacting *x, const char *id, struct json_object *rules, size_t i) {
        _cleanup_(freep) char *text = NULL, *another = NULL;
        int r = redaction_apply(x->redaction, REDACTION_TEXT, id, strlen(id), &text, NULL);

        if (r < 0)
                return r;
        if (is_taken(rules, i, text) && asprintf(&another, "rule-%zu", i + 1) < 0)
                return -ENOMEM;
        return json_add_text(json_object_array_get_idx(rules, i), "id", another ?: text) ? 0 : -ENOMEM;
}

static int redact_rule(const struct redacting *x, const struct policy_rule *rule, struct json_object *rules,
        size_t i) {
        struct json_object *json = json_object_array_get_idx(rules, i), *match;
        int r = redact_id(x, rule->id, rules, i);

        json_object_object_del(json, "reason");
        json_object_object_del(json, "labels");
        if (r == 0 && json_object_object_get_ex(json, "match", &match))
                r = redact_match(x, &rule->match, match);
        return r == 0 && rule->has_protect ? redact_protect(x, &rule->protect, json) : r;
}

int policy_redact(const struct policy *p, const struct snapshot *s, const struct guest *g,
        const struct redaction *redaction, struct json_object **ret) {
        const struct redacting x = { .snapshot = s, .guest = g, .redaction = redaction };
        _cleanup_(json_putp) struct json_object *json = NULL;
        struct json_object *rules;
        int r = policy_to_json(p, POLICY_JSON_SHOWN, &json);

        if (r == 0)
                r = redact_protect(&x, &p->protect, json);
        if (r == 0 && !json_object_object_get_ex(json, "rules", &rules))
                r = -EINVAL;
        for (size_t i = 0; i < p->n_rules && r == 0; i++)
                r = redact_rule(&x, &p->rules[i], rules, i);
        if (r < 0)
                return r;
        *ret = TAKE(json);
        return 0;
}
