/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager's life, and what is asked of it. What happens on events is events.c and reconcile.c. */
#include "daemon/manager.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <string.h>
#include <unistd.h>

#include "daemon/early.h"
#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/process.h"
#include "daemon/trial.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/enforce/plan-json.h"
#include "lib/facts/snapshot-record.h"
#include "lib/facts/snapshot-text.h"
#include "lib/policy/explain.h"
#include "lib/policy/policy-file.h"

#define PROBE_NAME "cvmd"

static const struct workers_patience patience = {
        .hangs_usec = 1000 * 1000,
        .given_up_usec = 5 * 1000 * 1000,
};

/* Warnings are the policy's, and told once it is in force. */
static void log_errors(const struct policy_problems *problems) {
        for (size_t i = 0; i < problems->n; i++) {
                const struct policy_problem *p = &problems->problems[i];
                _cleanup_(freep) char *text = NULL;

                if (p->severity == POLICY_ERROR && policy_problem_format(p, &text) >= 0)
                        log_entry(LOG_ERR, MESSAGE_POLICY_INVALID, LOG_FIELDS({ "REASON", text }), "%s",
                                text);
        }
}

/* The policy in the files; every error in it is logged, and the first is in d. */
static int load_files(const struct manager *m, struct policy **ret, struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        int r = policy_load(m->o.root, geteuid(), ret, &problems, d);

        log_errors(&problems);
        return r;
}

/* For the next start. That it cannot be kept is no reason not to use it. */
static void keep_policy(const struct manager *m) {
        struct diag d = {};

        if (state_keep_policy(m->o.state, m->policy, &d) < 0)
                log_warning("%s", d.text);
}

/* Shown as a warning until a policy loads. */
static int set_trouble(struct manager *m, const char *instead, const char *why) {
        char *text;

        if (asprintf(&text, "the policy cannot be loaded, %s is in force: %s", instead, why) < 0)
                return -ENOMEM;
        free(m->policy_trouble);
        m->policy_trouble = text;
        return 0;
}

/* What holds nothing, for who gives everything back. */
static int load_release(struct manager *m) {
        static const char text[] = "{\"version\":1,\"mode\":\"audit\",\"default\":{\"action\":\"allow\"}}";
        _cleanup_(policy_problems_done) struct policy_problems problems = {};

        return policy_parse("release", text, sizeof(text) - 1, &m->policy, &problems, NULL);
}

/* The files', else the last good one, else the built-in one: there always is one. */
static int load_any(struct manager *m, struct diag *d) {
        struct diag files = {}, last = {};
        const char *instead = "the last good one";
        int r = load_files(m, &m->policy, &files);

        if (r >= 0)
                return 0;
        r = state_last_policy(m->o.state, &m->policy, &last);
        if (r < 0) {
                if (r != -ENODATA)
                        log_error("%s", last.text);
                instead = "the built-in one";
                r = policy_new_built_in(&m->policy);
        }
        if (r >= 0)
                r = set_trouble(m, instead, files.text);
        return r < 0 ? diag_errno(d, r, "policy") : 0;
}

/*
 * A chain that is broken proves nothing any more, and is no reason not to enforce: it is put aside, and that
 * is told for as long as this cvmd runs.
 */
static int open_log(struct manager *m, struct diag *d) {
        int folder = m->o.state->folder, r;
        struct diag told = {};

        r = decision_log_open(folder, &m->log, &told);
        if (r == -EBADMSG || r == -EFBIG) {
                if (asprintf(&m->log_trouble, "the decision log is begun anew: %s", told.text) < 0)
                        return diag_errno(d, -ENOMEM, "decision log");
                told = (struct diag){};
                r = decision_log_set_aside(folder, &told);
                if (r >= 0)
                        r = decision_log_open(folder, &m->log, &told);
        }
        if (r < 0)
                return diag_fail(d, r, "%s", told.text);
        if (told.text[0])
                log_warning("%s", told.text);
        return 0;
}

/* A network that cannot be followed is not known, which protects more: no reason not to enforce. */
static int watch_network(struct manager *m, struct diag *d) {
        struct diag told = {};
        int r = network_watch_new(m->o.event, network_ask_kernel, NULL, manager_reconcile_calmly, m,
                &m->network, &told);

        if (r == -ENOMEM)
                return diag_fail(d, r, "%s", told.text);
        if (r < 0)
                log_warning("%s: what is a way out is not known", told.text);
        return 0;
}

int manager_new(const struct manager_options *o, struct manager **ret, struct diag *d) {
        _cleanup_(manager_freep) struct manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return diag_errno(d, -ENOMEM, "manager");
        m->o = *o;
        r = open_log(m, d);
        if (r < 0)
                return r;
        /* subscribe first, look second: what happens in between is then seen twice, not never */
        r = uevents_new(o->root, o->event, o->event_buffer, &manager_uevents_handler, m, &m->uevents, d);
        if (r < 0)
                return r;
        r = o->foreign ? 0 : watch_network(m, d);
        if (r < 0)
                return r;
        r = mount_watch_new(o->root, o->event, manager_reconcile_calmly, m, &m->mounts);
        if (r < 0)
                return diag_errno(d, r, "cannot follow what is mounted");
        r = channel_probe_new(o->root, PROBE_NAME, o->probe, &m->probe, d);
        if (r < 0)
                return r;
        r = o->release ? load_release(m) : load_any(m, d);
        if (r < 0)
                return r;
        announce_boot(m);
        r = o->early ? early_note_policy(o->state, &m->policy->digest, d)
                     : early_noted_policy(o->state, m->early_policy);
        if (r < 0)
                log_warning("what the initrd enforced: %s", errno_text(r));
        gate_load(m);
        r = keep_new(o->state->folder, &m->keep, d);
        if (r < 0)
                return r;
        r = confirm_load(m, d);
        if (r < 0)
                return r;
        r = trial_load(m, d);
        if (r < 0)
                return r;
        r = workers_new(o->root, o->state->folder, o->event, &patience, &manager_workers_handler, m,
                &m->workers);
        if (r < 0)
                return diag_errno(d, r, "manager");
        r = exposures_init(m);
        if (r < 0)
                return diag_errno(d, r, "manager");
        r = workers_adopt(m->workers, d);
        if (r < 0)
                return r;
        *ret = TAKE(m);
        return 0;
}

void manager_free(struct manager *m) {
        if (!m)
                return;
        sd_event_source_unref(m->soon);
        sd_event_source_unref(m->later);
        workers_free(m->workers);
        picture_free(m->picture);
        picture_free(m->arrived);
        exposures_done(m);
        tried_policy_done(&m->tried);
        tracking_done(&m->tracking);
        keep_free(m->keep);
        permanent_free(m->permanent);
        confirm_free(m->confirm);
        hvsock_done(&m->hvsock);
        trial_free(m->trial);
        free(m->by_hand);
        gate_done(&m->gate);
        policy_free(m->policy);
        free(m->policy_trouble);
        free(m->log_trouble);
        free(m->target_trouble);
        channel_probe_free(m->probe);
        mount_watch_free(m->mounts);
        network_watch_free(m->network);
        uevents_free(m->uevents);
        decision_log_free(m->log);
        free(m);
}

void manager_warn_of_target(struct manager *m, const char *trouble) {
        if (trouble == m->target_trouble ||
                (trouble && m->target_trouble && strcmp(trouble, m->target_trouble) == 0))
                return;
        free(m->target_trouble);
        m->target_trouble = trouble ? strdup(trouble) : NULL;
        manager_reconcile_soon(m); /* so that the state has it */
}

void manager_observe(struct manager *m, struct manager_observer *o) {
        o->next = m->observers;
        m->observers = o;
}

int manager_start(struct manager *m, struct diag *d) {
        int r;

        announce_policy(m);
        r = m->network ? network_watch_settle(m->network) : 0;
        if (r < 0)
                return diag_errno(d, r, "network");
        r = manager_reconcile(m, d);
        if (r >= 0 && !m->policy_trouble && !m->o.release)
                keep_policy(m); /* after what is urgent */
        return r;
}

bool manager_wants_gate(const struct manager *m) {
        enum policy_mode mode = trial_mode(m) != MODE_UNSET ? trial_mode(m) : m->policy->mode;

        return !m->o.no_gate && mode == MODE_ENFORCE && m->policy->gate == GATE_ON;
}

bool manager_holds_gate(const struct manager *m) {
        return m->gate.noted;
}

int manager_start_trial(struct manager *m, unsigned boots, struct diag *d) {
        return trial_start(m, boots, d);
}

int manager_confirm_trial(struct manager *m, struct diag *d) {
        return trial_confirm(m, d);
}

void manager_end(const struct manager *m) {
        trial_end(m);
}

const struct picture *manager_picture(const struct manager *m) {
        return m->picture;
}

struct manager_counters manager_counters(const struct manager *m) {
        struct uevents_counters u = uevents_counters(m->uevents);
        struct manager_counters c = m->counters;

        c.uevents = u.seen;
        c.uevents_forged = u.forged;
        c.receive_errors = u.errors;
        return c;
}

void manager_try_at_once(struct manager *m) {
        for (size_t i = 0; i < m->tracking.n; i++)
                m->tracking.devices[i].tries = 0;
}

static int replace_policy(struct manager *m, struct policy *loaded, struct diag *d) {
        _cleanup_(policy_freep) struct policy *spare = loaded; /* the one that is not in force in the end */
        struct policy *old = m->policy;
        char *trouble = TAKE(m->policy_trouble);
        int r;

        m->policy = loaded;
        spare = old;
        manager_try_at_once(m);
        announce_policy(m);
        r = manager_reconcile(m, d);
        if (r < 0) {
                m->policy = old;
                m->policy_trouble = trouble;
                spare = loaded;
                return r;
        }
        free(trouble);
        keep_policy(m);
        return 0;
}

int manager_reload(struct manager *m, struct diag *d) {
        struct policy *loaded;
        int r;

        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->reloading)
                        o->reloading(true, o->data);
        r = load_files(m, &loaded, d);
        if (r >= 0)
                r = replace_policy(m, loaded, d);
        else {
                log_error("the policy in force stays as it is");
                if (set_trouble(m, "the one before", d->text) >= 0)
                        manager_reconcile_soon(m); /* whoever sent a signal has no other answer */
        }
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->reloading)
                        o->reloading(false, o->data);
        return r;
}

int manager_rescan(struct manager *m, struct diag *d) {
        m->counters.rescans++;
        gate_driver_came(&m->gate);
        for (size_t i = 0; i < m->tracking.n; i++)
                m->tracking.devices[i].recheck = true;
        manager_try_at_once(m);
        return manager_reconcile(m, d);
}

/* The text of an object that is given up here. */
static int json_text(struct json_object *object, char **ret) {
        _cleanup_(json_putp) struct json_object *o = object;
        const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
        char *copy = text ? strdup(text) : NULL;

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static int write_everything(const struct manager *m, int fd) {
        const struct snapshot_record_options options = {
                .scope = SNAPSHOT_SCOPE_EVERYTHING,
                .cpuid = m->o.cpuid,
                .seen = m->picture->snapshot,
                .log = m->o.log,
                .foreign = m->o.foreign,
        };
        _cleanup_(snapshot_freep) struct snapshot *snapshot = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = snapshot_record(m->o.root, &options, &snapshot, NULL);

        if (r >= 0)
                r = snapshot_format(snapshot, &text, &n);
        return r < 0 ? r : file_write_fd(fd, text, n);
}

void manager_record_everything(const struct manager *m, int fd) {
        const int keep[] = { m->o.root->fd, fd };

        process_become_helper("cvmd-snapshot", keep, sizeof(keep) / sizeof(keep[0]));
        _exit(write_everything(m, fd) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int manager_evaluate(struct manager *m, const struct policy *p, char **ret, struct diag *d) {
        struct evaluation_options o;
        _cleanup_(freep) struct held *held = calloc(m->tracking.n + 1, sizeof(*held));
        struct json_object *object;
        int r;

        if (!held)
                return diag_errno(d, -ENOMEM, "plan");
        for (size_t i = 0; i < m->tracking.n; i++)
                held[i] = (struct held){
                        .instance = m->tracking.devices[i].instance,
                        .state = m->tracking.devices[i].enforcement,
                        .noted = m->tracking.devices[i].noted,
                };
        r = manager_judging(m, now_usec(CLOCK_MONOTONIC), &o);
        if (r >= 0)
                r = plan_to_json(p, m->picture->guest, &o, held, m->tracking.n, &object);
        if (r >= 0)
                r = json_text(object, ret);
        return r < 0 ? diag_errno(d, r, "plan") : 0;
}

int manager_plan(struct manager *m, char **ret, struct diag *d) {
        return manager_evaluate(m, m->policy, ret, d);
}

static int explain_enforcement(struct manager *m, const struct guid *instance, struct json_object *object) {
        const struct tracked *t = tracking_find(&m->tracking, instance);

        if (!t)
                return 0;
        return explain_add_enforcement(object,
                &(struct explain_enforcement){
                        .state = t->enforcement,
                        .noted = t->noted,
                        .rebounds = t->rebounds,
                        .problem = t->problem,
                });
}

int manager_explain(struct manager *m, const struct guid *instance, char **ret, struct diag *d) {
        const struct picture *p = m->picture;
        struct json_object *object;
        size_t i;
        int r = picture_find(p, instance, &i);

        if (r < 0)
                return diag_fail(d, r, "this device is gone");
        r = explain_device(m->policy, p->guest, p->evaluation, i, p->devices[i].verdict, &object);
        if (r >= 0)
                r = exposures_explain(&p->devices[i].exposure, object);
        if (r >= 0)
                r = explain_enforcement(m, instance, object);
        if (r >= 0)
                r = json_text(object, ret);
        return r < 0 ? diag_errno(d, r, "explanation") : 0;
}
