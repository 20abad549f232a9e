/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay: whether facts and policy give the decisions that the log has. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/bundle.h"
#include "cli/offline.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/enforce/replay.h"

/* What is replayed: a log, on facts, by a policy. */
struct material {
        struct snapshot *snapshot;
        struct guest *guest;
        struct policy *policy;
        char *log, *log_name;
        size_t n_log;
};

static void material_done(struct material *m) {
        snapshot_free(m->snapshot);
        guest_free(m->guest);
        policy_free(m->policy);
        free(m->log);
        free(m->log_name);
}

static int load_log(struct context *x, struct material *m) {
        int r = file_read_at(AT_FDCWD, m->log_name, DECISION_LOG_MAX, &m->log, &m->n_log);

        return r < 0 ? diag_errno(&x->diag, r, "cannot read %s", m->log_name) : 0;
}

/* The three files of a bundle. */
static int load_bundle(struct context *x, const char *folder, struct material *m) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(freep) char *snapshot = NULL, *policy = NULL;
        int r;

        if (x->options->given[OPTION_SNAPSHOT] || x->options->n_policies > 0)
                return context_usage(x, "a bundle has its own snapshot and policy");
        if (asprintf(&snapshot, "%s/" BUNDLE_SNAPSHOT, folder) < 0 ||
                asprintf(&policy, "%s/" BUNDLE_POLICY, folder) < 0 ||
                asprintf(&m->log_name, "%s/" BUNDLE_LOG, folder) < 0)
                return -ENOMEM;
        r = offline_read_snapshot(snapshot, &m->snapshot, &x->diag);
        if (r >= 0)
                r = policy_load_files(&policy, 1, &m->policy, &problems, &x->diag);
        return r < 0 ? r : load_log(x, m);
}

static int load(struct context *x, const char *path, struct material *m) {
        struct stat st;
        int r;

        if (stat(path, &st) < 0)
                return diag_errno(&x->diag, -errno, "cannot open %s", path);
        if (S_ISDIR(st.st_mode))
                r = load_bundle(x, path, m);
        else if (!x->options->given[OPTION_SNAPSHOT] || x->options->n_policies == 0)
                return context_usage(x, "replay needs a bundle, or a log with --snapshot and --policy");
        else {
                m->log_name = strdup(path);
                if (!m->log_name)
                        return -ENOMEM;
                r = offline_snapshot(x, &m->snapshot);
                if (r >= 0)
                        r = offline_policy_in_force(x, &m->policy);
                if (r >= 0)
                        r = load_log(x, m);
        }
        return r < 0 ? r : guest_eval(m->snapshot, &m->guest);
}

static enum colour outcome_colour(enum replay_outcome o) {
        return o == REPLAY_SAME ? COLOUR_GOOD : o == REPLAY_DIFFERS ? COLOUR_BAD : COLOUR_DIM;
}

static void add_row(struct table *t, const struct replay_entry *e) {
        bool differs = e->outcome == REPLAY_DIFFERS || e->outcome == REPLAY_SUPERSEDED;
        char number[32];

        snprintf(number, sizeof(number), "%llu", (unsigned long long)e->sequence);
        table_add(t, COLOUR_NONE, number);
        table_add(t, outcome_colour(e->outcome), replay_outcome_to_string(e->outcome));
        table_add(t, COLOUR_NONE, e->event);
        table_add(t, COLOUR_NONE, e->instance);
        table_add(t, COLOUR_NONE, e->verdict);
        table_add(t, COLOUR_NONE, e->rule);
        table_add(t, COLOUR_NONE, differs ? verdict_to_string(e->found) : NULL);
        table_add(t, COLOUR_NONE, differs ? e->found_rule : NULL);
}

static int print_text(struct context *x, const struct replay *r) {
        static const char *const headings[] = { "#", "OUTCOME", "EVENT", "INSTANCE", "VERDICT", "RULE",
                "FOUND", "BY RULE" };
        _cleanup_(table_done) struct table t;
        int error;

        table_init(&t, headings, sizeof(headings) / sizeof(headings[0]));
        for (size_t i = 0; i < r->n; i++)
                add_row(&t, &r->entries[i]);
        error = table_print(&t, &x->out);
        if (error < 0)
                return error;
        for (size_t i = 0; i < r->n; i++) {
                if (r->entries[i].outcome != REPLAY_DIFFERS)
                        continue;
                fprintf(x->out.f, "\n%llu: ", (unsigned long long)r->entries[i].sequence);
                output_text(&x->out, r->entries[i].found_reason);
        }
        if (x->out.legend)
                fprintf(x->out.f,
                        "\n%zu same, %zu different, %zu superseded, %zu by another policy, %zu gone.\n",
                        r->counts[REPLAY_SAME], r->counts[REPLAY_DIFFERS], r->counts[REPLAY_SUPERSEDED],
                        r->counts[REPLAY_OTHER_POLICY], r->counts[REPLAY_GONE]);
        return 0;
}

static struct json_object *entry_json(const struct replay_entry *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        bool judged = e->found != VERDICT_UNSET;

        if (!o || !json_add_number(o, "sequence", e->sequence) ||
                !json_add_number(o, "time", e->time_usec) || !json_add_text(o, "event", e->event) ||
                !json_add_text(o, "instance", e->instance) || !json_add_text(o, "verdict", e->verdict) ||
                !json_add_text(o, "rule", e->rule) || !json_add_text(o, "reason", e->reason) ||
                !json_add_text(o, "outcome", replay_outcome_to_string(e->outcome)) ||
                !json_add_text(o, "found-verdict", judged ? verdict_to_string(e->found) : NULL) ||
                !json_add_text(o, "found-rule", e->found_rule) ||
                !json_add_text(o, "found-reason", e->found_reason))
                return NULL;
        return TAKE(o);
}

static int print_json(struct context *x, const struct replay *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object(), *a = json_object_new_array();

        for (size_t i = 0; a && i < r->n; i++)
                if (!json_append(a, entry_json(&r->entries[i])))
                        return -ENOMEM;
        if (!o || !a || !json_add_number(o, "version", 1))
                return -ENOMEM;
        for (size_t i = 0; i < _REPLAY_OUTCOME_MAX; i++)
                if (!json_add_number(o, replay_outcome_to_string(i), r->counts[i]))
                        return -ENOMEM;
        if (!json_add(o, "entries", TAKE(a)))
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}

int verb_replay(struct context *x, char **args, size_t n) {
        _cleanup_(material_done) struct material m = {};
        _cleanup_(replay_done) struct replay replay = {};
        char digest[DIGEST_TEXT_SIZE];
        int r = load(x, args[0], &m);

        if (r >= 0)
                r = replay_run(m.log_name, m.log, m.n_log, m.policy, m.guest, &replay, &x->diag);
        if (r < 0)
                return r;
        if (replay.counts[REPLAY_SAME] + replay.counts[REPLAY_DIFFERS] + replay.counts[REPLAY_SUPERSEDED] ==
                0) {
                digest_format(&m.policy->digest, digest);
                return diag_fail(&x->diag, -ENODATA,
                        "%s has no decision by this policy (%s) about a device of this guest", m.log_name,
                        digest);
        }
        if (replay.counts[REPLAY_DIFFERS] > 0)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        return x->out.json != JSON_OFF ? print_json(x, &replay) : print_text(x, &replay);
}
