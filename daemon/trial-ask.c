/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trial is started and confirmed by a person, who is told once it is on the disk. */
#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/trial-private.h"

void trial_tell(struct manager *m, int r, const char *why) {
        struct diag d = {};

        if (r < 0)
                (void)diag_fail(&d, r, "%s", why);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->written)
                        o->written(r, &d, o->data);
}

/* What was asked for is done. */
static void settle(struct manager *m) {
        struct diag d = {};
        int r;

        m->trial->step = STEP_NONE;
        (void)unlinkat(m->o.state->folder, TRIAL_STATE_NAME, 0);
        manager_try_at_once(m);
        announce_policy(m); /* its mode may be another one now */
        r = manager_reconcile(m, &d);
        trial_tell(m, r, d.text);
}

static void on_started(struct manager *m) {
        struct trial_run *t = m->trial;

        t->there = true;
        t->trial = t->next;
        t->count = t->next_count;
        t->counted = true;
        t->crashed = false;
        t->trouble[0] = 0;
        trial_mark_running(m);
        announce_trial(m, LOG_NOTICE, "started, for %u boots", t->trial.boots);
        settle(m);
}

static void on_confirmed(struct manager *m) {
        m->trial->there = false;
        m->trial->counted = false;
        m->trial->trouble[0] = 0;
        announce_trial(m, LOG_NOTICE, "confirmed");
        settle(m);
}

/* A step that somebody waits for. */
void trial_on_asked(struct manager *m, enum trial_step step, int r, const char *why) {
        char text[TRIAL_TEXT_MAX];
        struct diag d = {};

        if (r >= 0 && step == STEP_START_COUNT) {
                trial_format(&m->trial->next, text);
                r = trial_write(m, STEP_START, TRIAL_FOLDER, text, &d);
                if (r >= 0)
                        return;
                why = d.text;
        }
        if (r < 0) {
                trial_tell(m, r, why);
                trial_try_again(m, TRIAL_AGAIN_USEC); /* with what was going on before */
        } else if (step == STEP_START)
                on_started(m);
        else
                on_confirmed(m);
}

/* Room for what is asked for: what is only being read can be read again. */
static int interrupt(struct manager *m, struct diag *d) {
        struct trial_run *t = m->trial;

        if (t->step == STEP_READ_COUNT || t->step == STEP_READ_CLEAN_END) {
                disk_job_free(t->job);
                t->job = NULL;
                t->step = STEP_NONE;
        }
        if (t->step != STEP_NONE || permanent_is_writing(m))
                return diag_fail(d, -EBUSY, "something else is still being written to the disk");
        return 0;
}

int trial_start(struct manager *m, unsigned boots, struct diag *d) {
        struct trial_run *t = m->trial;
        char text[TRIAL_TEXT_MAX];
        sd_id128_t id;
        int r;

        if (boots == 0 || boots > TRIAL_BOOTS_MAX)
                return diag_fail(d, -EINVAL, "a trial takes 1 to %u boots", TRIAL_BOOTS_MAX);
        if (!t->boot[0])
                return diag_fail(d, -EOPNOTSUPP,
                        "/" BOOT_ID_FILE " cannot be read: boots cannot be counted");
        r = interrupt(m, d);
        if (r < 0)
                return r;
        r = sd_id128_randomize(&id);
        if (r < 0)
                return diag_errno(d, r, "trial");
        t->next = (struct trial){ .boots = boots };
        (void)sd_id128_to_uuid_string(id, t->next.id);
        t->next_count = (struct trial_count){ .phase = TRIAL_STARTED };
        memcpy(t->next_count.id, t->next.id, sizeof(t->next.id));
        memcpy(t->next_count.boot, t->boot, sizeof(t->boot));
        trial_count_format(&t->next_count, text);
        r = trial_write(m, STEP_START_COUNT, TRIAL_COUNT_FOLDER, text, d);
        return r < 0 ? r : 1;
}

int trial_confirm(struct manager *m, struct diag *d) {
        int r;

        if (!m->trial->there)
                return diag_fail(d, -ESRCH, "no trial waits to be confirmed");
        r = interrupt(m, d);
        if (r >= 0)
                r = trial_write(m, STEP_CONFIRM, TRIAL_FOLDER, NULL, d);
        return r < 0 ? r : 1;
}
