/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy check, show, digest: files alone, neither daemon nor guest. */
#include <errno.h>
#include <json-c/linkhash.h>

#include "cli/json-print.h"
#include "cli/offline.h"
#include "cli/problem-print.h"
#include "cli/verbs.h"
#include "lib/base/json-build.h"
#include "lib/policy/decision-json.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/policy-json.h"

/* Paths behind the verb come after those of --policy. */
static int load(struct context *x, char **args, size_t n, struct policy **ret,
        struct policy_problems *problems) {
        const struct options *o = x->options;
        _cleanup_(freep) char **paths = calloc(o->n_policies + n + 1, sizeof(*paths));

        if (!paths)
                return -ENOMEM;
        for (size_t i = 0; i < o->n_policies; i++)
                paths[i] = o->policies[i];
        for (size_t i = 0; i < n; i++)
                paths[o->n_policies + i] = args[i];
        return offline_policy(x, paths, o->n_policies + n, ret, problems);
}

int verb_policy_check(struct context *x, char **args, size_t n) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;
        int r;

        r = load(x, args, n, &policy, &problems);
        if (r < 0 && (r != -EBADMSG || problems.n == 0))
                return r;
        if (problems.n_errors > 0)
                x->exit = problems.n_unread > 0 ? EXIT_CODE_FAILED : EXIT_CODE_NOT_COMPLIANT;
        if (x->out.json != JSON_OFF) {
                r = problems_json(&problems, &json);
                if (r == 0)
                        output_json(&x->out, json);
                return r;
        }
        if (n == 0 && !x->options->given[OPTION_POLICY]) {
                r = sysroot_new(x->options->values[OPTION_ROOT] ?: "/", &root, &x->diag);
                if (r < 0)
                        return r;
        }
        r = problems_print(&problems, root, &x->out);
        if (r == 0 && problems.n == 0 && x->out.legend)
                fprintf(x->out.f, "%zu %s, %zu %s: nothing is wrong.\n", policy->n_files,
                        policy->n_files == 1 ? "file" : "files", policy->n_rules,
                        policy->n_rules == 1 ? "rule" : "rules");
        return r;
}

/* The policy for show and digest, which are of no use with errors. */
static int load_good(struct context *x, char **args, size_t n, struct policy **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        int r = load(x, args, n, ret, &problems);

        if (r == -EBADMSG)
                x->hint = "'cvmctl policy check' shows everything that is wrong";
        return r;
}

static struct json_object *origins_json(const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *rules = json_object_new_object();

        if (!o || !json_add(o, "rules", rules) ||
                !json_add(o, "mode", policy_origin_json(&p->mode_origin)) ||
                !json_add(o, "gate", policy_origin_json(&p->gate_origin)) ||
                !json_add(o, "expect", policy_origin_json(&p->expect_origin)) ||
                !json_add(o, "unknown", policy_origin_json(&p->unknown_origin)) ||
                !json_add(o, "protect", policy_origin_json(&p->protect_origin)) ||
                !json_add(o, "default", policy_origin_json(&p->default_origin)))
                return NULL;
        for (size_t i = 0; i < p->n_rules; i++)
                if (!json_add(rules, p->rules[i].id, policy_origin_json(&p->rules[i].origin)))
                        return NULL;
        return TAKE(o);
}

static struct json_object *files_json(const struct policy *p) {
        return policy_words_json(&(struct policy_words){ .words = p->files, .n = p->n_files },
                POLICY_JSON_SHOWN);
}

static int show_json(struct context *x, const struct policy *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object(), *policy = NULL;
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&p->digest, digest);
        if (!o || policy_to_json(p, POLICY_JSON_SHOWN, &policy) < 0 || !json_add_number(o, "version", 1) ||
                !json_add_text(o, "digest", digest) || !json_add(o, "files", files_json(p)) ||
                !json_add(o, "policy", TAKE(policy)) || !json_add(o, "origins", origins_json(p)))
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}

/* "// file:line:column" at the end of a line. */
static void print_origin(struct context *x, const struct policy_origin *o) {
        _cleanup_(freep) char *text = NULL;

        if (policy_origin_format(o, &text) < 0) {
                x->out.bad = true;
                return;
        }
        fprintf(x->out.f, "  %s// ", output_colour(&x->out, COLOUR_DIM));
        output_text(&x->out, text);
        fprintf(x->out.f, "%s\n", output_colour(&x->out, COLOUR_NONE));
}

/* One setting of the file, its value taken over. */
static void print_setting(struct context *x, const char *key, struct json_object *value, bool last,
        const struct policy_origin *origin) {
        _cleanup_(json_putp) struct json_object *v = value;

        fprintf(x->out.f, "  \"%s\": ", key);
        if (!v || !json_print(x->out.f, v, JSON_C_TO_STRING_SPACED))
                x->out.bad = true;
        fputs(last ? "" : ",", x->out.f);
        print_origin(x, origin);
}

static void print_rules(struct context *x, const struct policy *p) {
        FILE *f = x->out.f;

        fputs("  \"rules\": [\n", f);
        for (size_t i = 0; i < p->n_rules; i++) {
                _cleanup_(json_putp) struct json_object *rule =
                        policy_rule_json(&p->rules[i], POLICY_JSON_SHOWN);
                bool first = true;

                if (!rule) {
                        x->out.bad = true;
                        return;
                }
                fputs("  ", f);
                print_origin(x, &p->rules[i].origin);
                fputs("    {", f);
                json_object_object_foreach(rule, key, value) {
                        fprintf(f, "%s \"%s\": ", first ? "" : ",\n     ", key);
                        if (!json_print(f, value, JSON_C_TO_STRING_SPACED))
                                x->out.bad = true;
                        first = false;
                }
                fprintf(f, " }%s\n", i + 1 < p->n_rules ? "," : "");
        }
        fputs("  ],\n", f);
}

/* A policy file itself, comments and all: what it prints can be loaded, and has the same digest. */
static void show_text(struct context *x, const struct policy *p) {
        fputs("{\n  \"version\": 1,\n", x->out.f);
        print_setting(x, "mode", json_object_new_string(policy_mode_to_string(p->mode)), false,
                &p->mode_origin);
        print_setting(x, "gate", json_object_new_string(policy_gate_to_string(p->gate)), false,
                &p->gate_origin);
        if (policy_expects(p))
                print_setting(x, "expect", policy_expect_json(p, POLICY_JSON_SHOWN), false,
                        &p->expect_origin);
        print_setting(x, "unknown", json_object_new_string(policy_unknown_to_string(p->unknown)), false,
                &p->unknown_origin);
        print_setting(x, "protect", policy_words_json(&p->protect, POLICY_JSON_SHOWN), false,
                &p->protect_origin);
        print_rules(x, p);
        print_setting(x, "default", policy_default_json(p), true, &p->default_origin);
        fputs("}\n", x->out.f);
}

int verb_policy_show(struct context *x, char **args, size_t n) {
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r = load_good(x, args, n, &p);

        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF)
                return show_json(x, p);
        show_text(x, p);
        return 0;
}

int verb_policy_digest(struct context *x, char **args, size_t n) {
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(json_putp) struct json_object *o = NULL;
        char digest[DIGEST_TEXT_SIZE];
        int r = load_good(x, args, n, &p);

        if (r < 0)
                return r;
        digest_format(&p->digest, digest);
        if (x->out.json == JSON_OFF) {
                fprintf(x->out.f, "%s\n", digest);
                return 0;
        }
        o = json_object_new_object();
        if (!o || !json_add_number(o, "version", 1) || !json_add_text(o, "digest", digest) ||
                !json_add(o, "files", files_json(p)) || !json_add_number(o, "rules", p->n_rules))
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}
