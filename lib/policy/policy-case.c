/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a case, by the reader of policies: the same places, hints and refusals. */
#include "lib/policy/policy-case.h"

#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/policy/policy-keys.h"
#include "lib/policy/policy-private.h"
#include "lib/policy/policy-problem.h"

/* What a recording can show; an action that is under way or failed is nothing that a policy could cause. */
static const char *const verdicts[] = {
        [VERDICT_ALLOWED] = "allowed",
        [VERDICT_VIOLATING] = "violating",
        [VERDICT_BLOCKED] = "blocked",
        [VERDICT_PROTECTED] = "protected",
};
static const char *const actions[] = {
        [ACTION_ALLOW] = "allow",
        [ACTION_AUDIT] = "audit",
        [ACTION_BLOCK] = "block",
        [ACTION_HALT] = "halt",
};
static const char *const states[] = {
        [STATE_COMPLIANT] = "compliant",
        [STATE_VIOLATING] = "violating",
        [STATE_UNPROTECTED] = "unprotected",
        [STATE_NOT_APPLICABLE] = "not-applicable",
        [STATE_FAILED] = "failed",
};
static const char *const modes[] = {
        [MODE_AUDIT] = "audit",
        [MODE_ENFORCE] = "enforce",
        [MODE_OFF] = "off",
};

static struct policy_origin origin_of(const struct reader *r, struct json_position at) {
        return (struct policy_origin){ .file = r->file, .line = at.line, .column = at.column };
}

static void read_version(struct reader *r, const struct json_node *value, void *into) {
        if (reader_is(r, value, JSON_INTEGER) && value->integer != 1)
                reader_complain(r, value->at, "version %lld is not known here; this reads version 1",
                        (long long)value->integer);
}

static void read_text(struct reader *r, const struct json_node *value, void *into) {
        char **text = into;

        if (!reader_is(r, value, JSON_STRING))
                return;
        if (value->string[0])
                *text = reader_copy(r, value->string);
        else
                reader_complain(r, value->at, "an empty string says nothing: write one, or remove the key");
}

static void read_snapshot(struct reader *r, const struct json_node *value, void *into) {
        struct policy_case *c = into;

        c->snapshot_origin = origin_of(r, value->at);
        read_text(r, value, &c->snapshot);
}

static char *word_path(struct reader *r, const struct json_node *value) {
        if (value->string[0])
                return reader_copy(r, value->string);
        reader_complain(r, value->at, "an empty string names no file");
        return NULL;
}

static void read_policies(struct reader *r, const struct json_node *value, void *into) {
        struct policy_case *c = into;

        c->policies_origin = origin_of(r, value->at);
        words_read(r, value, word_path, &c->policies);
}

static void read_mode(struct reader *r, const struct json_node *value, void *into) {
        enum policy_mode *mode = into;

        *mode = (enum policy_mode)reader_choose(r, value, modes, N_NAMES(modes));
}

static void read_state(struct reader *r, const struct json_node *value, void *into) {
        struct policy_case *c = into;

        c->state_origin = origin_of(r, value->at);
        c->state = (enum guest_state)reader_choose(r, value, states, N_NAMES(states));
}

static void read_verdict(struct reader *r, const struct json_node *value, void *into) {
        enum verdict *verdict = into;

        *verdict = (enum verdict)reader_choose(r, value, verdicts, N_NAMES(verdicts));
}

static void read_action(struct reader *r, const struct json_node *value, void *into) {
        enum policy_action *action = into;

        *action = (enum policy_action)reader_choose(r, value, actions, N_NAMES(actions));
}

static const struct object_key device_keys[] = {
        { "verdict", read_verdict, offsetof(struct case_expectation, verdict) },
        { "action", read_action, offsetof(struct case_expectation, action) },
        { "rule", read_text, offsetof(struct case_expectation, rule) },
};

/* A verdict alone, or an object that says more. */
static void read_expectation(struct reader *r, const struct json_node *member, struct case_expectation *e) {
        e->origin = origin_of(r, member->key_at);
        e->device = reader_copy(r, member->key);
        if (member->kind == JSON_STRING)
                read_verdict(r, member, &e->verdict);
        else if (member->kind != JSON_OBJECT)
                reader_complain(r, member->at,
                        "a verdict or an object with \"verdict\", \"action\" or \"rule\" belongs here, not "
                        "%s",
                        json_kind_to_string(member->kind));
        else if (member->n_children == 0)
                reader_complain(r, member->at,
                        "nothing is expected of this device: name \"verdict\", \"action\" or \"rule\"");
        else
                read_object(r, member, device_keys, N_NAMES(device_keys), e);
}

static void read_devices(struct reader *r, const struct json_node *value, void *into) {
        struct policy_case *c = into;

        if (!reader_is(r, value, JSON_OBJECT) || value->n_children == 0)
                return;
        c->expectations = calloc(value->n_children, sizeof(*c->expectations));
        if (!c->expectations) {
                r->no_memory = true;
                return;
        }
        for (const struct json_node *m = value->children; m; m = m->next)
                read_expectation(r, m, &c->expectations[c->n++]);
}

static const struct object_key expect_keys[] = {
        { "state", read_state, 0 },
        { "devices", read_devices, 0 },
};

static void read_expect(struct reader *r, const struct json_node *value, void *into) {
        const struct json_node *devices = value->kind == JSON_OBJECT ? json_member(value, "devices") : NULL;

        read_object(r, value, expect_keys, N_NAMES(expect_keys), into);
        if (value->kind != JSON_OBJECT || json_member(value, "state") ||
                (devices && (devices->kind != JSON_OBJECT || devices->n_children > 0)))
                return;
        reader_complain(r, value->at,
                "this case expects nothing and cannot fail: name a \"state\", or at least one of "
                "\"devices\"");
}

static const struct object_key case_keys[] = {
        { "version", read_version, 0 },
        { "description", read_text, offsetof(struct policy_case, description) },
        { "snapshot", read_snapshot, 0 },
        { "policy", read_policies, 0 },
        { "mode", read_mode, offsetof(struct policy_case, mode) },
        { "expect", read_expect, 0 },
};

static void read_root(struct reader *r, const struct json_node *root, struct policy_case *c) {
        static const struct {
                const char *key, *missing;
        } needed[] = {
                { "version", "this case has no version: add \"version\": 1" },
                { "snapshot", "this case has no \"snapshot\": which recorded guest is to be judged?" },
                { "policy", "this case has no \"policy\": by which file, folder or list of them?" },
                { "expect", "this case expects nothing and cannot fail: add \"expect\"" },
        };

        read_object(r, root, case_keys, N_NAMES(case_keys), c);
        for (size_t i = 0; root->kind == JSON_OBJECT && i < N_NAMES(needed); i++)
                if (!json_member(root, needed[i].key))
                        reader_complain(r, root->at, "%s", needed[i].missing);
}

static int read_case(const char *text, size_t n, struct policy_case *c, struct policy_problems *problems) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        struct reader r = { .file = c->name, .problems = problems };
        int error = json_scan(text, n, &document);

        if (error < 0)
                return error;
        for (const struct json_problem *p = document->problems; p; p = p->next)
                reader_complain(&r, p->at, "%s", p->message);
        if (document->root)
                read_root(&r, document->root, c);
        return r.no_memory ? -ENOMEM : 0;
}

int policy_case_parse(const char *name, const char *text, size_t n, struct policy_case **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_case_freep) struct policy_case *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->name = strdup(name);
        if (!c->name)
                return -ENOMEM;
        r = read_case(text, n, c, &problems);
        if (r < 0)
                return diag_errno(d, r, "%s", name);
        r = policy_problems_close(&problems, d);
        *ret_problems = problems;
        problems = (struct policy_problems){};
        if (r == 0)
                *ret = TAKE(c);
        return r;
}

void policy_case_free(struct policy_case *c) {
        if (!c)
                return;
        for (size_t i = 0; i < c->n; i++) {
                free(c->expectations[i].device);
                free(c->expectations[i].rule);
        }
        free(c->expectations);
        policy_words_done(&c->policies);
        free(c->snapshot);
        free(c->description);
        free(c->name);
        free(c);
}
