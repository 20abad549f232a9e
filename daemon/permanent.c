/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decisions by hand that last: one policy file, written by a helper, then loaded as every policy is. Nothing
 * is written before it is known what the policy would be with it.
 */
#include <errno.h>
#include <string.h>

#include "daemon/disk.h"
#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "lib/policy/by-hand-file.h"
#include "lib/policy/decision-text.h"
#include "lib/policy/policy-file.h"

/* One write on its way. */
struct permanent {
        struct disk_job *job;
        struct hand_change *changes;
        size_t n;
        char *before, *text; /* what the file says, and is to say; NULL: there is none */
        bool undoes;         /* puts back what was there, for it could not be loaded */
};

void permanent_free(struct permanent *p) {
        if (!p)
                return;
        disk_job_free(p->job);
        free(p->changes);
        free(p->before);
        free(p->text);
        free(p);
}
DEFINE_FREEP(struct permanent, permanent_free)

bool permanent_is_writing(const struct manager *m) {
        return m->permanent;
}

static int format(const struct hand_decisions *l, char **ret) {
        if (l->n > 0)
                return by_hand_file_format(l, ret);
        *ret = NULL;
        return 0;
}

/* What the file says, and what it would say. */
static int make_texts(struct sysroot *root, const struct hand_change *changes, size_t n, char **ret_before,
        char **ret_text, struct diag *d) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = {};
        _cleanup_(freep) char *before = NULL;
        int r = by_hand_file_read(root, &l, d);

        if (r < 0)
                return r;
        r = format(&l, &before);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (changes[i].what == BY_HAND_FORGET)
                        hand_decisions_remove(&l, &changes[i].instance);
                else
                        r = hand_decisions_set(&l, &changes[i].instance, changes[i].what == BY_HAND_ALLOW);
        if (r >= 0)
                r = format(&l, ret_text);
        if (r < 0)
                return diag_errno(d, r, BY_HAND_FILE);
        *ret_before = TAKE(before);
        return 0;
}

/* Whether the rule would be the one that decides, and what it says would come about. */
static int check_outcome(const struct manager *m, const struct policy *p, const struct hand_change *change,
        struct diag *d) {
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        const struct decision *decision;
        size_t i;
        int r = picture_find(m->picture, &change->instance, &i);

        if (r < 0)
                return diag_fail(d, r, "this device is gone");
        r = by_hand_evaluate(m, p, &change->instance, NULL, &e, d);
        if (r < 0)
                return r;
        decision = &e->decisions[i];
        if (decision->origin == DECIDED_NOT_APPLICABLE)
                return diag_fail(d, -EPERM,
                        "the rules of a policy do not apply to this guest, which is not isolated: "
                        "decide with --runtime");
        if (decision->origin != DECIDED_BY_HAND_PERMANENT)
                return diag_fail(d, -EPERM, "%s stands before it and decides: change that rule, at %s:%u",
                        decision_rule_text(decision), decision->rule ? decision->rule->origin.file : "",
                        decision->rule ? decision->rule->origin.line : 0);
        if (decision->protected)
                return diag_fail(d, -EPERM, "%s is protected: %s",
                        m->picture->guest->devices[i].instance_text, decision->reason);
        return 0;
}

/* The policy as it would be: it has to load. */
static int check(const struct manager *m, const char *text, const struct hand_change *changes, size_t n,
        struct diag *d) {
        const struct policy_change change = { .path = BY_HAND_FILE, .text = text };
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r = policy_load_changed(m->o.root, geteuid(), &change, &p, &problems, d);

        for (size_t i = 0; i < n && r >= 0; i++)
                if (changes[i].what != BY_HAND_FORGET)
                        r = check_outcome(m, p, &changes[i], d);
        return r;
}

int permanent_check(const struct manager *m, const struct hand_change *change, struct diag *d) {
        _cleanup_(freep) char *before = NULL, *text = NULL;
        int r = make_texts(m->o.root, change, 1, &before, &text, d);

        return r < 0 ? r : check(m, text, change, 1, d);
}

static void tell(struct manager *m, int r, const struct diag *d) {
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->written)
                        o->written(r, d, o->data);
}

/* It stands in the policy now: what was noted until the next boot, and on condition, is not needed. */
static int settle(struct manager *m, const struct hand_change *changes, size_t n, struct diag *d) {
        static const char *const words[] = {
                [BY_HAND_FORGET] = "forgotten, permanently",
                [BY_HAND_BLOCK] = "block, permanently",
                [BY_HAND_ALLOW] = "allow, permanently",
        };
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = confirm_settle(m, &changes[i].instance, d);
                if (r >= 0)
                        r = by_hand_note(m, &changes[i].instance, BY_HAND_FORGET, d);
                if (r >= 0)
                        announce_by_hand(m, &changes[i].instance, "%s", words[changes[i].what]);
        }
        manager_try_at_once(m);
        return r < 0 ? r : manager_reconcile(m, d);
}

static const struct disk_handler handler;

static int start(struct manager *m, struct permanent *p, struct diag *d) {
        const struct disk_write w = {
                .folder = &BY_HAND_FOLDER[1],
                .name = strrchr(BY_HAND_FILE, '/') + 1,
                .text = p->text,
                .mode = 0644,
                .make_folder = true,
        };

        return disk_write(m->o.event, m->o.root, &w, &handler, m, &p->job, d);
}

static void resume(struct manager *m, const struct permanent *p) {
        for (size_t i = 0; i < p->n; i++)
                confirm_resume(m, &p->changes[i].instance);
}

/* Takes p over: what it wrote does not load, though it was to; somebody changed another file meanwhile. */
static void undo(struct manager *m, struct permanent *p) {
        struct diag d = {};
        char *text = p->text;

        p->undoes = true;
        p->text = p->before;
        p->before = text;
        if (start(m, p, &d) < 0) {
                log_error("%s", d.text);
                permanent_free(p);
        } else
                m->permanent = p;
}

static void on_ended(int r, const char *text, const char *why, void *data) {
        struct manager *m = data;
        _cleanup_(permanent_freep) struct permanent *p = TAKE(m->permanent);
        bool written = r >= 0;
        struct diag d = {};

        p->job = NULL; /* it ended */
        if (!written)
                (void)diag_fail(&d, r, "%s", why);
        if (p->undoes) {
                if (!written)
                        log_error("%s", d.text);
                return;
        }
        r = written ? manager_reload(m, &d) : r;
        if (r >= 0)
                r = settle(m, p->changes, p->n, &d);
        else {
                resume(m, p);
                if (written)
                        undo(m, TAKE(p));
        }
        tell(m, r, &d);
}

static void on_hangs(void *data) {
        struct diag d = {};

        (void)diag_fail(&d, -ETIMEDOUT,
                "the disk of " BY_HAND_FILE " has not answered yet: the decision is made once it does");
        log_warning("%s", d.text);
        tell(data, -ETIMEDOUT, &d);
}

static const struct disk_handler handler = { .ended = on_ended, .hangs = on_hangs };

static int permanent_new(const struct hand_change *changes, size_t n, struct permanent **ret) {
        _cleanup_(permanent_freep) struct permanent *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->changes = calloc(n, sizeof(*changes));
        if (!p->changes)
                return -ENOMEM;
        memcpy(p->changes, changes, n * sizeof(*changes));
        p->n = n;
        *ret = TAKE(p);
        return 0;
}

int permanent_begin(struct manager *m, const struct hand_change *changes, size_t n, bool confirms,
        struct diag *d) {
        _cleanup_(permanent_freep) struct permanent *p = NULL;
        int r = permanent_new(changes, n, &p);

        if (r < 0)
                return diag_errno(d, r, BY_HAND_FILE);
        r = make_texts(m->o.root, changes, n, &p->before, &p->text, d);
        if (r < 0)
                return r;
        r = check(m, p->text, changes, confirms ? 0 : n, d);
        if (r < 0)
                return r;
        if (p->text && p->before ? strcmp(p->text, p->before) == 0 : p->text == p->before)
                return settle(m, changes, n, d);
        r = start(m, p, d);
        if (r < 0)
                return r;
        m->permanent = TAKE(p);
        return 1;
}
