/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This boot, counted: read the count, read how the last boot ended, write the count. That it fell back is
 * kept in the state folder for the next cvmd of this boot, and beside the policy for the next boot.
 */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/trial-private.h"
#include "lib/base/file.h"

#define FALL_AGAIN_USEC (10 * 1000 * (uint64_t)1000)

/* For the next boot. Until it is written, the next cvmd of this one has it from the state folder. */
static void write_fall(struct manager *m) {
        char text[TRIAL_TEXT_MAX];
        struct diag d = {};

        trial_format(&m->trial->trial, text);
        if (trial_write(m, STEP_WRITE_FALL, TRIAL_FOLDER, text, &d) < 0)
                trial_try_again(m, FALL_AGAIN_USEC);
}

static void fall_back(struct manager *m, enum trial_reason reason) {
        struct trial_run *t = m->trial;
        char text[TRIAL_TEXT_MAX];
        int r;

        t->trial.reason = reason;
        trial_format(&t->trial, text);
        r = file_replace_at(m->o.state->folder, TRIAL_STATE_NAME, 0600, text, strlen(text));
        if (r < 0)
                log_warning(TRIAL_STATE_NAME ": %s", errno_text(r));
        announce_trial(m, LOG_WARNING, "fell back to audit: %s%s%s", trial_reason_text(reason),
                reason == TRIAL_UNCOUNTED ? ": " : "", reason == TRIAL_UNCOUNTED ? t->trouble : "");
        manager_try_at_once(m);
        if (m->picture) { /* else it is about to be judged for the first time */
                announce_policy(m);
                manager_reconcile_soon(m);
        }
        write_fall(m);
}

void trial_begin(struct manager *m) {
        struct diag d = {};

        if (trial_read(m, STEP_READ_COUNT, TRIAL_COUNT_FILE, &d) < 0)
                trial_try_again(m, TRIAL_AGAIN_USEC);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        struct manager *m = userdata;

        if (m->trial->step != STEP_NONE || !m->trial->there)
                return 0;
        if (m->trial->trial.reason != TRIAL_GOES_ON)
                write_fall(m);
        else if (m->trial->counted)
                return 0;
        else if (now_usec(CLOCK_BOOTTIME) >= m->trial->deadline)
                fall_back(m, TRIAL_UNCOUNTED);
        else
                trial_begin(m);
        return 0;
}

void trial_try_again(struct manager *m, uint64_t usec) {
        struct trial_run *t = m->trial;
        int r;

        t->step = STEP_NONE;
        t->again = sd_event_source_unref(t->again);
        r = sd_event_add_time_relative(m->o.event, &t->again, CLOCK_BOOTTIME, usec, 0, on_again, m);
        if (r < 0)
                log_error("cannot wait for " TRIAL_COUNT_FILE ": %s", errno_text(r));
}

/* /var may not be there yet. */
void trial_count_later(struct manager *m, const char *why) {
        struct trial_run *t = m->trial;

        if (strcmp(t->trouble, why) != 0 && m->picture)
                manager_reconcile_soon(m); /* so that it is shown */
        snprintf(t->trouble, sizeof(t->trouble), "%.*s", (int)sizeof(t->trouble) - 1, why);
        trial_try_again(m, TRIAL_AGAIN_USEC);
}

static void on_counted(struct manager *m) {
        struct trial_run *t = m->trial;

        t->step = STEP_NONE;
        t->count = t->next_count;
        t->counted = true;
        t->trouble[0] = 0;
        if (t->count.phase == TRIAL_ASKING)
                announce_trial(m, LOG_WARNING, "%u clean boots: to be confirmed before the next one",
                        t->count.clean);
        else if (t->count.phase == TRIAL_RUNNING)
                announce_trial(m, LOG_NOTICE, "boot %u of %u", t->count.clean + 1, t->trial.boots);
        if (m->picture)
                manager_reconcile_soon(m);
}

void trial_on_count(struct manager *m, int r, const char *text, const char *why) {
        struct trial_run *t = m->trial;
        struct diag d = {};

        if (r < 0)
                trial_count_later(m, why);
        else if (trial_count_parse(text, &t->count) < 0)
                trial_count_later(m, TRIAL_COUNT_FILE ": not what cvmd wrote");
        else if (strcmp(t->count.id, t->trial.id) != 0)
                trial_count_later(m, TRIAL_COUNT_FILE ": of another trial");
        else if (trial_read(m, STEP_READ_CLEAN_END, TRIAL_CLEAN_FILE, &d) < 0)
                trial_count_later(m, d.text);
}

void trial_on_clean_end(struct manager *m, int r, const char *text, const char *why) {
        struct trial_run *t = m->trial;
        enum trial_reason reason;
        char before[TRIAL_TEXT_MAX], after[TRIAL_TEXT_MAX];
        struct diag d = {};

        if (r < 0 && r != -ENOENT) {
                trial_count_later(m, why);
                return;
        }
        reason = trial_next(&t->trial, &t->count, t->boot, r < 0 ? "" : text, t->crashed, &t->next_count);
        if (reason != TRIAL_GOES_ON) {
                fall_back(m, reason);
                return;
        }
        trial_count_format(&t->count, before);
        trial_count_format(&t->next_count, after);
        if (strcmp(before, after) == 0)
                on_counted(m);
        else if (trial_write(m, STEP_WRITE_COUNT, TRIAL_COUNT_FOLDER, after, &d) < 0)
                trial_count_later(m, d.text);
}

void trial_on_count_written(struct manager *m, int r, const char *why) {
        if (r < 0)
                trial_count_later(m, why);
        else
                on_counted(m);
}

void trial_on_fall_written(struct manager *m, int r) {
        if (r < 0)
                trial_try_again(m, FALL_AGAIN_USEC);
}
