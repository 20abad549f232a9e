/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One file: tables of keys, each with the function that reads its value. A reader goes on after every
 * mistake, so that all of them are told at once; running out of memory is remembered and told at the end.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/json-scan.h"
#include "lib/base/name-table.h"
#include "lib/policy/policy-keys.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"
#include "lib/policy/policy-rule.h"

static const char *const modes[] = { [MODE_AUDIT] = "audit", [MODE_ENFORCE] = "enforce" };
static const char *const gates[] = { [GATE_OFF] = "off", [GATE_ON] = "on" };
static const char *const unknowns[] = { [UNKNOWN_VIOLATION] = "violation", [UNKNOWN_PASS] = "pass" };
static const char
        *const actions[] = { [ACTION_ALLOW] = "allow", [ACTION_AUDIT] = "audit", [ACTION_BLOCK] = "block" };
static const char *const violation_actions[] = {
        [ACTION_AUDIT] = "audit",
        [ACTION_BLOCK] = "block",
        [ACTION_HALT] = "halt",
};
static const char *const requirements[] = { [CONFIDENTIALITY_CONFIDENTIAL] = "confidential" };

static struct policy_origin origin_of(const struct reader *r, struct json_position at) {
        return (struct policy_origin){ .file = r->file, .line = at.line, .column = at.column };
}

static void read_class_words(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_class, into);
}

static void read_instance_words(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_instance, into);
}

static void read_driver_words(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_driver, into);
}

static void read_number_words(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_number, into);
}

static void read_isolation_words(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_isolation, into);
}

static void read_flag(struct reader *r, const struct json_node *value, void *into) {
        enum tristate *flag = into;

        if (reader_is(r, value, JSON_BOOLEAN))
                *flag = value->boolean ? TRISTATE_YES : TRISTATE_NO;
}

static void read_no_hvsock(struct reader *r, const struct json_node *value, void *into) {
        reader_complain(r, value->key_at,
                "\"hvsock\" stands in \"match\" itself, not in \"not\": say true or false there");
}

static void read_no_group(struct reader *r, const struct json_node *value, void *into) {
        reader_complain(r, value->key_at, "\"not\" cannot stand in \"not\"");
}

static const struct object_key group_keys[] = {
        { "class", read_class_words, offsetof(struct policy_match, class) },
        { "instance", read_instance_words, offsetof(struct policy_match, instance) },
        { "driver", read_driver_words, offsetof(struct policy_match, driver) },
        { "vendor", read_number_words, offsetof(struct policy_match, vendor) },
        { "device", read_number_words, offsetof(struct policy_match, device) },
        { "isolation", read_isolation_words, offsetof(struct policy_match, isolation) },
        { "kernel-allowed", read_flag, offsetof(struct policy_match, kernel_allowed) },
        { "paravisor", read_flag, offsetof(struct policy_match, paravisor) },
        { "hvsock", read_no_hvsock, 0 },
        { "not", read_no_group, 0 },
};

static void read_group(struct reader *r, const struct json_node *value, void *into) {
        struct policy_match **group = into;

        *group = calloc(1, sizeof(**group));
        if (!*group) {
                r->no_memory = true;
                return;
        }
        read_object(r, value, group_keys, N_NAMES(group_keys), *group);
        if (value->kind == JSON_OBJECT && value->n_children == 0)
                reader_complain(r, value->at, "an empty \"not\" excludes every device: say which");
}

static const struct object_key match_keys[] = {
        { "class", read_class_words, offsetof(struct policy_match, class) },
        { "instance", read_instance_words, offsetof(struct policy_match, instance) },
        { "driver", read_driver_words, offsetof(struct policy_match, driver) },
        { "vendor", read_number_words, offsetof(struct policy_match, vendor) },
        { "device", read_number_words, offsetof(struct policy_match, device) },
        { "isolation", read_isolation_words, offsetof(struct policy_match, isolation) },
        { "kernel-allowed", read_flag, offsetof(struct policy_match, kernel_allowed) },
        { "paravisor", read_flag, offsetof(struct policy_match, paravisor) },
        { "hvsock", read_flag, offsetof(struct policy_match, hvsock) },
        { "not", read_group, offsetof(struct policy_match, negated) },
};

static void read_match(struct reader *r, const struct json_node *value, void *into) {
        read_object(r, value, match_keys, N_NAMES(match_keys), into);
}

static void read_requirement(struct reader *r, const struct json_node *value, void *into) {
        enum confidentiality *c = into;

        *c = (enum confidentiality)reader_choose(r, value, requirements, N_NAMES(requirements));
}

static const struct object_key require_keys[] = {
        { "ring", read_requirement, offsetof(struct policy_rule, ring) },
        { "dma", read_requirement, offsetof(struct policy_rule, dma) },
};

static void read_require(struct reader *r, const struct json_node *value, void *into) {
        read_object(r, value, require_keys, N_NAMES(require_keys), into);
        if (value->kind == JSON_OBJECT && value->n_children == 0)
                reader_complain(r, value->at, "nothing is required: name \"ring\", \"dma\" or both");
}

static void read_action(struct reader *r, const struct json_node *value, void *into) {
        enum policy_action *a = into;

        *a = (enum policy_action)reader_choose(r, value, actions, N_NAMES(actions));
}

static void read_violation_action(struct reader *r, const struct json_node *value, void *into) {
        enum policy_action *a = into;

        *a = (enum policy_action)reader_choose(r, value, violation_actions, N_NAMES(violation_actions));
}

static void read_rule_protect(struct reader *r, const struct json_node *value, void *into) {
        struct policy_rule *rule = into;

        words_read_list(r, value, word_protect, &rule->protect);
        rule->has_protect = true;
}

static void read_id(struct reader *r, const struct json_node *value, void *into) {
        char **id = into;

        if (!reader_is(r, value, JSON_STRING))
                return;
        if (is_rule_id(value->string))
                *id = reader_copy(r, value->string);
        else
                rule_refuse_id(r, value);
}

static void read_reason(struct reader *r, const struct json_node *value, void *into) {
        char **reason = into;

        if (reader_is(r, value, JSON_STRING))
                *reason = reader_copy(r, value->string);
}

static void read_labels(struct reader *r, const struct json_node *value, void *into) {
        words_read(r, value, word_label, into);
}

static const struct object_key rule_keys[] = {
        { "id", read_id, offsetof(struct policy_rule, id) },
        { "match", read_match, offsetof(struct policy_rule, match) },
        { "require", read_require, 0 },
        { "on-violation", read_violation_action, offsetof(struct policy_rule, on_violation) },
        { "action", read_action, offsetof(struct policy_rule, action) },
        { "protect", read_rule_protect, 0 },
        { "reason", read_reason, offsetof(struct policy_rule, reason) },
        { "labels", read_labels, offsetof(struct policy_rule, labels) },
};

static void read_rules(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        if (!reader_is(r, value, JSON_LIST) || value->n_children == 0)
                return;
        p->rules = calloc(value->n_children, sizeof(*p->rules));
        if (!p->rules) {
                r->no_memory = true;
                return;
        }
        for (const struct json_node *n = value->children; n; n = n->next) {
                struct policy_rule *rule = &p->rules[p->n_rules++];
                size_t n_errors = r->problems->n_errors;

                rule->origin = origin_of(r, n->at);
                read_object(r, n, rule_keys, N_NAMES(rule_keys), rule);
                if (n->kind == JSON_OBJECT)
                        rule_check(r, n, rule);
                rule->broken = r->problems->n_errors > n_errors;
        }
}

/* For editors, which check and complete by it. Nothing is looked up. */
static void read_schema_name(struct reader *r, const struct json_node *value, void *into) {
        (void)reader_is(r, value, JSON_STRING);
}

static void read_version(struct reader *r, const struct json_node *value, void *into) {
        if (reader_is(r, value, JSON_INTEGER) && value->integer != 1)
                reader_complain(r, value->at, "version %lld is not known here; this cvmd reads version 1",
                        (long long)value->integer);
}

static void read_mode(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->mode_origin = origin_of(r, value->at);
        if (value->kind == JSON_STRING && strcmp(value->string, "off") == 0)
                reader_complain(r, value->at,
                        "\"off\" is for the kernel command line (cvmd.mode=off); use \"audit\"");
        else
                p->mode = (enum policy_mode)reader_choose(r, value, modes, N_NAMES(modes));
}

static void read_gate(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->gate_origin = origin_of(r, value->at);
        p->gate = (enum policy_gate)reader_choose(r, value, gates, N_NAMES(gates));
}

static const struct object_key expect_keys[] = {
        { "isolation", read_isolation_words, offsetof(struct policy, expect_isolation) },
        { "paravisor", read_flag, offsetof(struct policy, expect_paravisor) },
};

static void read_expect(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->expect_origin = origin_of(r, value->at);
        read_object(r, value, expect_keys, N_NAMES(expect_keys), p);
}

static void read_unknown(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->unknown_origin = origin_of(r, value->at);
        p->unknown = (enum policy_unknown)reader_choose(r, value, unknowns, N_NAMES(unknowns));
}

static void read_protect(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->protect_origin = origin_of(r, value->at);
        words_read_list(r, value, word_protect, &p->protect);
        if (value->kind == JSON_LIST && value->n_children == 0)
                reader_warn(r, value->at,
                        "nothing is protected: a block may take the disk that the system stands on; name "
                        "what must stay, or leave the key out");
}

static const struct object_key default_keys[] = {
        { "action", read_action, offsetof(struct policy, default_action) },
};

static void read_default(struct reader *r, const struct json_node *value, void *into) {
        struct policy *p = into;

        p->default_origin = origin_of(r, value->at);
        read_object(r, value, default_keys, N_NAMES(default_keys), p);
        if (value->kind == JSON_OBJECT && !json_member(value, "action"))
                reader_complain(r, value->at, "the default has no \"action\"");
}

static const struct object_key policy_keys[] = {
        { "$schema", read_schema_name, 0 },
        { "version", read_version, 0 },
        { "mode", read_mode, 0 },
        { "gate", read_gate, 0 },
        { "expect", read_expect, 0 },
        { "unknown", read_unknown, 0 },
        { "protect", read_protect, 0 },
        { "rules", read_rules, 0 },
        { "default", read_default, 0 },
};

/* The name becomes p's, so that origins may borrow it. */
static int add_file_name(struct policy *p, const char *name, const char **ret) {
        char **files = reallocarray(p->files, p->n_files + 1, sizeof(*files));

        if (!files)
                return -ENOMEM;
        p->files = files;
        files[p->n_files] = strdup(name);
        if (!files[p->n_files])
                return -ENOMEM;
        *ret = files[p->n_files++];
        return 0;
}

int policy_read_text(struct policy *p, const char *name, const char *text, size_t n,
        struct policy_problems *problems) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(policy_freep) struct policy *file = calloc(1, sizeof(*file));
        struct reader r = { .problems = problems, .order = p->n_files };
        int error;

        if (!file || add_file_name(p, name, &r.file) < 0)
                return -ENOMEM;
        error = json_scan(text, n, &document);
        if (error < 0)
                return error;
        for (const struct json_problem *problem = document->problems; problem; problem = problem->next)
                reader_complain(&r, problem->at, "%s", problem->message);
        if (document->root) {
                read_object(&r, document->root, policy_keys, N_NAMES(policy_keys), file);
                if (document->root->kind == JSON_OBJECT && !json_member(document->root, "version"))
                        reader_complain(&r, document->root->at,
                                "this policy has no version: add \"version\": 1");
        }
        return r.no_memory ? -ENOMEM : policy_merge(p, file);
}
