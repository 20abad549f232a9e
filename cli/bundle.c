/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything is made and checked in memory before the first file is written. */
#include "cli/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/offline.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/enforce/decision-log.h"
#include "lib/facts/snapshot-redact.h"
#include "lib/facts/snapshot-text.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/policy-json.h"
#include "lib/policy/policy-redact.h"

/* What goes together, as it is and as it is written. */
struct bundle {
        const struct snapshot *snapshot;
        struct guest *guest;
        struct policy *policy;
        char *log; /* NULL: none */
        size_t n_log;
        const char *log_name;
        struct redaction *redaction; /* NULL: nothing is redacted */
        struct snapshot *redacted;   /* like redaction */
        struct policy *written;      /* as it is read back from policy_text */
        char *policy_text;
};

static void bundle_done(struct bundle *b) {
        guest_free(b->guest);
        policy_free(b->policy);
        free(b->log);
        redaction_free(b->redaction);
        snapshot_free(b->redacted);
        policy_free(b->written);
        free(b->policy_text);
}

static int learn_entry(const struct decision_record *r, uint64_t sequence, void *data) {
        return r->instance ? redaction_learn(data, r->instance, strlen(r->instance)) : 0;
}

/* A log that is broken is not passed on as if it were whole. */
static int read_log(struct context *x, struct bundle *b) {
        struct digest head;
        uint64_t sequence;
        int r;

        b->log_name = x->options->values[OPTION_LOG];
        if (!b->log_name)
                return 0;
        r = file_read_at(AT_FDCWD, b->log_name, DECISION_LOG_MAX, &b->log, &b->n_log);
        if (r < 0)
                return diag_errno(&x->diag, r, "cannot read %s", b->log_name);
        return decision_log_verify(b->log_name, b->log, b->n_log, &sequence, &head, &x->diag);
}

static int redact(struct bundle *b, struct json_object **ret_policy, struct diag *d) {
        int r = redaction_new(&b->redaction);

        if (r >= 0)
                r = snapshot_redact_learn(b->snapshot, b->redaction);
        if (r >= 0)
                r = policy_redact_learn(b->policy, b->redaction);
        if (r >= 0 && b->log)
                r = decision_log_read(b->log_name, b->log, b->n_log, learn_entry, b->redaction, d);
        if (r < 0)
                return diag_errno(d, r, "redacting");
        redaction_settle(b->redaction);
        r = snapshot_redact_apply(b->snapshot, b->redaction, &b->redacted, d);
        if (r >= 0)
                r = policy_redact(b->policy, b->snapshot, b->guest, b->redaction, ret_policy);
        return r < 0 ? diag_errno(d, r, "redacting") : 0;
}

/* Judged by what is written, every device must get what it had: the same rule, the same verdict. */
static int check_same(const struct bundle *b, struct diag *d) {
        const struct evaluation_options how = {};
        _cleanup_(evaluation_freep) struct evaluation *before = NULL, *after = NULL;
        _cleanup_(guest_freep) struct guest *copy = NULL;
        int r = guest_eval(b->redacted ?: b->snapshot, &copy);

        if (r >= 0)
                r = policy_evaluate(b->policy, b->guest, &how, &before);
        if (r >= 0)
                r = policy_evaluate(b->written, copy, &how, &after);
        if (r < 0)
                return diag_errno(d, r, "checking the copy");
        if (before->n != after->n || before->expected != after->expected)
                return diag_fail(d, -EIO,
                        "the copy would not be judged as the original is: nothing is written");
        for (size_t i = 0; i < before->n; i++) {
                const struct decision *x = &before->decisions[i], *y = &after->decisions[i];

                if (x->action != y->action || x->protected != y->protected || !x->rule != !y->rule ||
                        (!x->rule && x->origin != y->origin) ||
                        (x->rule && x->rule - b->policy->rules != y->rule - b->written->rules))
                        return diag_fail(d, -EIO,
                                "the copy would not be judged as the original is (%s): nothing is written",
                                b->guest->devices[i].instance_text);
        }
        return 0;
}

static int make(struct context *x, struct bundle *b) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(json_putp) struct json_object *json = NULL;
        int r = guest_eval(b->snapshot, &b->guest);

        if (r >= 0)
                r = offline_policy_in_force(x, &b->policy);
        if (r >= 0)
                r = read_log(x, b);
        if (r >= 0)
                r = x->options->given[OPTION_REDACT] ? redact(b, &json, &x->diag)
                                                     : policy_to_json(b->policy, POLICY_JSON_SHOWN, &json);
        if (r < 0)
                return r;
        if (asprintf(&b->policy_text, "%s\n",
                    json_object_to_json_string_ext(json,
                            JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0) {
                b->policy_text = NULL;
                return -ENOMEM;
        }
        r = policy_parse(BUNDLE_POLICY, b->policy_text, strlen(b->policy_text), &b->written, &problems,
                &x->diag);
        return r < 0 ? r : check_same(b, &x->diag);
}

/* The folder, empty. */
static int open_folder(struct context *x, int *ret) {
        const char *name = x->options->values[OPTION_BUNDLE];
        _cleanup_(closep) int folder = -1;
        const struct dirent *e;
        bool empty = true;
        DIR *listing;

        if (mkdir(name, 0700) < 0 && errno != EEXIST)
                return diag_errno(&x->diag, -errno, "cannot make the folder %s", name);
        folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        listing = folder < 0 ? NULL : opendir(name);
        if (!listing)
                return diag_errno(&x->diag, -errno, "cannot open the folder %s", name);
        while ((e = readdir(listing)))
                empty = empty && e->d_name[0] == '.' && (!e->d_name[1] || strcmp(e->d_name, "..") == 0);
        closedir(listing);
        if (!empty)
                return diag_fail(&x->diag, -ENOTEMPTY, "the folder %s is not empty", name);
        *ret = take_fd(&folder);
        return 0;
}

/* A redacted log is another chain. */
struct rewriting {
        const struct bundle *bundle;
        struct decision_log *log;
        struct diag *diag;
};

/* What the rule is called in what is written; who decided otherwise is everybody's. */
static const char *rule_written(const struct bundle *b, const char *rule, bool *ret_known) {
        *ret_known = rule[0] == '(';
        for (size_t i = 0; i < b->policy->n_rules; i++)
                if (strcmp(b->policy->rules[i].id, rule) == 0) {
                        *ret_known = true;
                        return b->written->rules[i].id;
                }
        return rule;
}

/* Reasons of decisions are what somebody wrote, or follow from the facts. */
static int rewrite_entry(const struct decision_record *r, uint64_t sequence, void *data) {
        const struct rewriting *w = data;
        const struct redaction *names = w->bundle->redaction;
        _cleanup_(freep) char *instance = NULL, *rule = NULL;
        char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];
        struct decision_record copy = *r;
        bool known;
        int error = 0;

        if (r->instance)
                error = redaction_apply(names, REDACTION_PATH, r->instance, strlen(r->instance), &instance,
                        NULL);
        copy.instance = instance;
        if (error == 0 && r->rule) {
                copy.rule = rule_written(w->bundle, r->rule, &known);
                if (!known) /* of another policy */
                        error = redaction_apply(names, REDACTION_TEXT, r->rule, strlen(r->rule), &rule,
                                NULL);
                copy.rule = rule ?: copy.rule;
        }
        digest_format(&w->bundle->policy->digest, before);
        digest_format(&w->bundle->written->digest, after);
        if (r->policy && strcmp(r->policy, before) == 0)
                copy.policy = after;
        if (strcmp(r->event, "decision") == 0 || strcmp(r->event, "by-hand") == 0)
                copy.reason = NULL;
        return error < 0 ? error : decision_log_append(w->log, &copy, w->diag);
}

static int write_log(struct context *x, const struct bundle *b, int folder) {
        _cleanup_(decision_log_freep) struct decision_log *log = NULL;
        struct rewriting w = { .bundle = b, .diag = &x->diag };
        int r;

        if (!b->log)
                return 0;
        if (!b->redaction)
                return file_replace_at(folder, BUNDLE_LOG, 0600, b->log, b->n_log);
        r = decision_log_open(folder, &log, &x->diag);
        w.log = log;
        return r < 0 ? r : decision_log_read(b->log_name, b->log, b->n_log, rewrite_entry, &w, &x->diag);
}

int bundle_write(struct context *x, const struct snapshot *s) {
        _cleanup_(bundle_done) struct bundle b = { .snapshot = s };
        _cleanup_(closep) int folder = -1;
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = make(x, &b);

        if (r >= 0)
                r = open_folder(x, &folder);
        if (r < 0)
                return r;
        r = snapshot_format(b.redacted ?: s, &text, &n);
        if (r >= 0)
                r = file_replace_at(folder, BUNDLE_SNAPSHOT, 0600, text, n);
        if (r >= 0)
                r = file_replace_at(folder, BUNDLE_POLICY, 0600, b.policy_text, strlen(b.policy_text));
        if (r >= 0)
                r = write_log(x, &b, folder);
        return r < 0 && !x->diag.text[0] ? diag_errno(&x->diag, r, "cannot write the bundle") : r;
}
