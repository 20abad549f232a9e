/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is of a trial as cvmd starts, and what is shown of it; one helper at a time for its files. */
#include "daemon/trial-private.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "lib/base/file.h"

#define RUNNING_NAME \
        "trial-boot" /* in the state folder: the boot in which a cvmd runs that has not ended well */
#define FIRST_READ_USEC (500 * (uint64_t)1000)

static const struct disk_handler handler;

void trial_free(struct trial_run *t) {
        if (!t)
                return;
        disk_job_free(t->job);
        sd_event_source_unref(t->again);
        free(t);
}

enum trial_phase trial_phase_of(const struct trial_run *t) {
        if (!t->there)
                return TRIAL_NONE;
        if (t->trial.reason != TRIAL_GOES_ON)
                return TRIAL_FALLEN_BACK;
        return t->counted ? t->count.phase : TRIAL_RUNNING;
}

enum policy_mode trial_mode(const struct manager *m) {
        if (m->o.mode != MODE_UNSET || m->policy->mode != MODE_ENFORCE ||
                trial_phase_of(m->trial) != TRIAL_FALLEN_BACK)
                return m->o.mode;
        return MODE_AUDIT;
}

bool trial_lets_go(const struct manager *m) {
        return m->o.mode == MODE_UNSET && trial_phase_of(m->trial) == TRIAL_FALLEN_BACK;
}

bool trial_is_writing(const struct manager *m) {
        return m->trial->step >= STEP_START_COUNT;
}

int trial_read(struct manager *m, enum trial_step step, const char *path, struct diag *d) {
        m->trial->step = step;
        return disk_read(m->o.event, m->o.root, path + 1, &handler, m, &m->trial->job, d);
}

int trial_write(struct manager *m, enum trial_step step, const char *folder, const char *text,
        struct diag *d) {
        const struct disk_write w = {
                .folder = folder + 1,
                .name = "trial",
                .text = text,
                .mode = 0644,
                .make_folder = step >= STEP_START_COUNT,
        };
        int r = disk_write(m->o.event, m->o.root, &w, &handler, m, &m->trial->job, d);

        m->trial->step = r < 0 ? STEP_NONE : step;
        return r;
}

void trial_mark_running(struct manager *m) {
        const char *boot = m->trial->boot;
        int r = file_replace_at(m->o.state->folder, RUNNING_NAME, 0600, boot, strlen(boot));

        if (r < 0)
                log_warning(RUNNING_NAME ": %s", errno_text(r));
}

void trial_end(const struct manager *m) {
        (void)unlinkat(m->o.state->folder, RUNNING_NAME, 0);
}

static void on_ended(int r, const char *text, const char *why, void *data) {
        struct manager *m = data;
        enum trial_step step = m->trial->step;

        m->trial->job = NULL; /* it ended */
        m->trial->step = STEP_NONE;
        switch (step) {
        case STEP_READ_COUNT:
                trial_on_count(m, r, text, why);
                break;
        case STEP_READ_CLEAN_END:
                trial_on_clean_end(m, r, text, why);
                break;
        case STEP_WRITE_COUNT:
                trial_on_count_written(m, r, why);
                break;
        case STEP_WRITE_FALL:
                trial_on_fall_written(m, r);
                break;
        case STEP_START_COUNT:
        case STEP_START:
        case STEP_CONFIRM:
                trial_on_asked(m, step, r, why);
                break;
        case STEP_NONE:
                break;
        }
}

/* A count that hangs is one that cannot be read: another helper may have more luck. */
static void on_hangs(void *data) {
        struct manager *m = data;

        if (trial_is_writing(m))
                trial_tell(m, -ETIMEDOUT, "the disk has not answered yet: it is done once it does");
        else if (m->trial->step != STEP_WRITE_FALL) {
                disk_job_free(TAKE(m->trial->job));
                trial_count_later(m, TRIAL_COUNT_FOLDER ": the disk does not answer");
        }
}

static const struct disk_handler handler = { .ended = on_ended, .hangs = on_hangs };

int trial_show(const struct manager *m, struct picture *p) {
        const struct trial_run *t = m->trial;
        char warning[512] = "";

        p->trial = trial_phase_of(t);
        p->trial_boots = t->there ? t->trial.boots : 0;
        p->trial_clean = t->counted ? t->count.clean : 0;
        if (p->trial == TRIAL_ASKING)
                snprintf(warning, sizeof(warning),
                        "the trial of enforcement is over, with %u clean boots: confirm it (cvmctl confirm "
                        "--trial), or the next boot falls back to audit",
                        t->count.clean);
        else if (p->trial == TRIAL_FALLEN_BACK)
                snprintf(warning, sizeof(warning),
                        "enforcement fell back to audit in its trial: %s%s%s; enforce by cvmctl confirm "
                        "--trial, or try again by cvmctl trial start",
                        trial_reason_text(t->trial.reason), t->trouble[0] ? ": " : "", t->trouble);
        else if (p->trial != TRIAL_NONE && t->trouble[0])
                snprintf(warning, sizeof(warning),
                        "the trial of enforcement cannot count this boot yet, and falls back to audit if it "
                        "stays so: %s",
                        t->trouble);
        return warning[0] ? picture_warn(p, warning) : 0;
}

/* Why it fell back in this boot, for one that could not be written beside the policy. */
static void take_reason(struct manager *m) {
        _cleanup_(freep) char *text = NULL;
        struct trial fallen;

        if (file_read_at(m->o.state->folder, TRIAL_STATE_NAME, TRIAL_TEXT_MAX, &text, NULL) >= 0 &&
                trial_parse(text, &fallen) >= 0 && strcmp(fallen.id, m->trial->trial.id) == 0)
                m->trial->trial.reason = fallen.reason;
}

static void read_boot(struct manager *m) {
        _cleanup_(freep) char *boot = NULL, *ran = NULL;
        struct guid proper;

        if (sysroot_read_line(m->o.root, BOOT_ID_FILE, &boot) < 0 || guid_parse(boot, &proper) < 0)
                return;
        guid_format(&proper, m->trial->boot);
        if (file_read_at(m->o.state->folder, RUNNING_NAME, GUID_TEXT_SIZE, &ran, NULL) >= 0)
                m->trial->crashed = strcmp(ran, m->trial->boot) == 0;
}

/* A file that cannot be read, or is not ours, says that there is to be a trial, which cannot be counted. */
static void read_trial(struct manager *m) {
        _cleanup_(freep) char *text = NULL;
        struct trial_run *t = m->trial;
        int r = sysroot_read(m->o.root, &TRIAL_FILE[1], TRIAL_TEXT_MAX, &text, NULL);

        t->there = r != -ENOENT;
        if (r == -ENOENT)
                return;
        if (r >= 0)
                r = trial_parse(text, &t->trial);
        if (r < 0) {
                t->trial = (struct trial){ .reason = TRIAL_UNCOUNTED };
                snprintf(t->trouble, sizeof(t->trouble), TRIAL_FILE ": %s",
                        r == -EBADMSG ? "not what cvmd wrote" : errno_text(r));
        } else
                take_reason(m);
}

int trial_load(struct manager *m, struct diag *d) {
        struct trial_run *t = calloc(1, sizeof(*t));

        m->trial = t;
        if (!t)
                return diag_errno(d, -ENOMEM, "trial");
        if (m->o.early || m->o.release) /* neither is what is on trial */
                return 0;
        read_boot(m);
        read_trial(m);
        if (!t->there)
                return 0;
        t->deadline = now_usec(CLOCK_BOOTTIME) + m->o.trial_patience_usec;
        if (t->boot[0])
                trial_mark_running(m);
        else
                snprintf(t->trouble, sizeof(t->trouble), "/" BOOT_ID_FILE " cannot be read");
        if (!t->boot[0] && t->trial.reason == TRIAL_GOES_ON)
                t->trial.reason = TRIAL_UNCOUNTED;
        if (t->trial.reason != TRIAL_GOES_ON)
                return 0;
        trial_begin(m);
        /* so that a boot that falls back blocks nothing before it knows */
        while (t->step == STEP_READ_COUNT || t->step == STEP_READ_CLEAN_END)
                if (!disk_job_wait(t->job, FIRST_READ_USEC))
                        break;
        return 0;
}
