/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trial's steps, one helper at a time: read the count, read how the last boot ended, write the count;
 * and what is asked for: to start one, to confirm it. That it fell back is kept in the state folder for the
 * next cvmd of this boot, and beside the policy for the next boot.
 */
#include "daemon/trial.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "daemon/disk.h"
#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "lib/base/file.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"
#define STATE_NAME "trial" /* in the state folder: TRIAL_FILE, with the reason why it fell back */
#define RUNNING_NAME \
        "trial-boot" /* in the state folder: the boot in which a cvmd runs that has not ended well */
#define FIRST_READ_USEC (500 * (uint64_t)1000)
#define AGAIN_USEC (500 * (uint64_t)1000)
#define AGAIN_FALL_USEC (10 * 1000 * (uint64_t)1000)

enum step {
        STEP_NONE,
        STEP_READ_COUNT,
        STEP_READ_CLEAN_END,
        STEP_WRITE_COUNT,
        STEP_WRITE_FALL,
        /* from here on, somebody waits for it */
        STEP_START_COUNT,
        STEP_START,
        STEP_CONFIRM,
};

struct trial_run {
        bool there;
        struct trial trial;
        char trouble[256]; /* why it cannot be read or counted, "" when it can */
        struct trial_count count;
        bool counted; /* this boot is, and it is written */
        bool crashed; /* an earlier cvmd of this boot */
        char boot[GUID_TEXT_SIZE];
        uint64_t deadline; /* CLOCK_BOOTTIME, for the count */
        enum step step;
        struct disk_job *job;
        sd_event_source *again;
        struct trial next; /* what is being written, until it is */
        struct trial_count next_count;
};

static const struct disk_handler handler;

void trial_free(struct trial_run *t) {
        if (!t)
                return;
        disk_job_free(t->job);
        sd_event_source_unref(t->again);
        free(t);
}

static enum trial_phase phase_of(const struct trial_run *t) {
        if (!t->there)
                return TRIAL_NONE;
        if (t->trial.reason != TRIAL_GOES_ON)
                return TRIAL_FALLEN_BACK;
        return t->counted ? t->count.phase : TRIAL_RUNNING;
}

enum policy_mode trial_mode(const struct manager *m) {
        if (m->o.mode != MODE_UNSET || m->policy->mode != MODE_ENFORCE ||
                phase_of(m->trial) != TRIAL_FALLEN_BACK)
                return m->o.mode;
        return MODE_AUDIT;
}

bool trial_lets_go(const struct manager *m) {
        return m->o.mode == MODE_UNSET && phase_of(m->trial) == TRIAL_FALLEN_BACK;
}

bool trial_is_writing(const struct manager *m) {
        return m->trial->step >= STEP_START_COUNT;
}

static int read_step(struct manager *m, enum step step, const char *path, struct diag *d) {
        m->trial->step = step;
        return disk_read(m->o.event, m->o.root, path + 1, &handler, m, &m->trial->job, d);
}

static int write_step(struct manager *m, enum step step, const char *folder, const char *text,
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

static int on_again(sd_event_source *source, uint64_t usec, void *userdata);

static void try_again(struct manager *m, uint64_t usec) {
        struct trial_run *t = m->trial;
        int r;

        t->step = STEP_NONE;
        t->again = sd_event_source_unref(t->again);
        r = sd_event_add_time_relative(m->o.event, &t->again, CLOCK_BOOTTIME, usec, 0, on_again, m);
        if (r < 0)
                log_error("cannot wait for " TRIAL_COUNT_FILE ": %s", errno_text(r));
}

/* For the next boot. Until it is written, the next cvmd of this one has it from the state folder. */
static void write_fall(struct manager *m) {
        char text[TRIAL_TEXT_MAX];
        struct diag d = {};

        trial_format(&m->trial->trial, text);
        if (write_step(m, STEP_WRITE_FALL, TRIAL_FOLDER, text, &d) < 0)
                try_again(m, AGAIN_FALL_USEC);
}

static void fall_back(struct manager *m, enum trial_reason reason) {
        struct trial_run *t = m->trial;
        char text[TRIAL_TEXT_MAX];
        int r;

        t->trial.reason = reason;
        trial_format(&t->trial, text);
        r = file_replace_at(m->o.state->folder, STATE_NAME, 0600, text, strlen(text));
        if (r < 0)
                log_warning(STATE_NAME ": %s", errno_text(r));
        announce_trial(m, LOG_WARNING, "fell back to audit: %s%s%s", trial_reason_text(reason),
                reason == TRIAL_UNCOUNTED ? ": " : "", reason == TRIAL_UNCOUNTED ? t->trouble : "");
        manager_try_at_once(m);
        if (m->picture) { /* else it is about to be judged for the first time */
                announce_policy(m);
                manager_reconcile_soon(m);
        }
        write_fall(m);
}

static void begin(struct manager *m) {
        struct diag d = {};

        if (read_step(m, STEP_READ_COUNT, TRIAL_COUNT_FILE, &d) < 0)
                try_again(m, AGAIN_USEC);
}

/* /var may not be there yet. */
static void count_later(struct manager *m, const char *why) {
        struct trial_run *t = m->trial;

        if (strcmp(t->trouble, why) != 0 && m->picture)
                manager_reconcile_soon(m); /* so that it is shown */
        snprintf(t->trouble, sizeof(t->trouble), "%.*s", (int)sizeof(t->trouble) - 1, why);
        try_again(m, AGAIN_USEC);
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
                begin(m);
        return 0;
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

static void on_count(struct manager *m, int r, const char *text, const char *why) {
        struct trial_run *t = m->trial;
        struct diag d = {};

        if (r < 0)
                count_later(m, why);
        else if (trial_count_parse(text, &t->count) < 0)
                count_later(m, TRIAL_COUNT_FILE ": not what cvmd wrote");
        else if (strcmp(t->count.id, t->trial.id) != 0)
                count_later(m, TRIAL_COUNT_FILE ": of another trial");
        else if (read_step(m, STEP_READ_CLEAN_END, TRIAL_CLEAN_FILE, &d) < 0)
                count_later(m, d.text);
}

static void on_clean_end(struct manager *m, int r, const char *text, const char *why) {
        struct trial_run *t = m->trial;
        enum trial_reason reason;
        char before[TRIAL_TEXT_MAX], after[TRIAL_TEXT_MAX];
        struct diag d = {};

        if (r < 0 && r != -ENOENT) {
                count_later(m, why);
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
        else if (write_step(m, STEP_WRITE_COUNT, TRIAL_COUNT_FOLDER, after, &d) < 0)
                count_later(m, d.text);
}

static void tell(struct manager *m, int r, const char *why) {
        struct diag d = {};

        if (r < 0)
                (void)diag_fail(&d, r, "%s", why);
        for (struct manager_observer *o = m->observers; o; o = o->next)
                if (o->written)
                        o->written(r, &d, o->data);
}

/* That a cvmd runs in this boot that has not ended well, until it has. */
static void mark_running(struct manager *m) {
        const char *boot = m->trial->boot;
        int r = file_replace_at(m->o.state->folder, RUNNING_NAME, 0600, boot, strlen(boot));

        if (r < 0)
                log_warning(RUNNING_NAME ": %s", errno_text(r));
}

void trial_end(const struct manager *m) {
        (void)unlinkat(m->o.state->folder, RUNNING_NAME, 0);
}

/* What was asked for is done. */
static void settle(struct manager *m) {
        struct diag d = {};
        int r;

        m->trial->step = STEP_NONE;
        (void)unlinkat(m->o.state->folder, STATE_NAME, 0);
        manager_try_at_once(m);
        announce_policy(m); /* its mode may be another one now */
        r = manager_reconcile(m, &d);
        tell(m, r, d.text);
}

static void on_started(struct manager *m) {
        struct trial_run *t = m->trial;

        t->there = true;
        t->trial = t->next;
        t->count = t->next_count;
        t->counted = true;
        t->crashed = false;
        t->trouble[0] = 0;
        mark_running(m);
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
static void on_asked(struct manager *m, enum step step, int r, const char *why) {
        char text[TRIAL_TEXT_MAX];
        struct diag d = {};

        if (r >= 0 && step == STEP_START_COUNT) {
                trial_format(&m->trial->next, text);
                r = write_step(m, STEP_START, TRIAL_FOLDER, text, &d);
                if (r >= 0)
                        return;
                why = d.text;
        }
        if (r < 0) {
                tell(m, r, why);
                try_again(m, AGAIN_USEC); /* with what was going on before */
        } else if (step == STEP_START)
                on_started(m);
        else
                on_confirmed(m);
}

static void on_ended(int r, const char *text, const char *why, void *data) {
        struct manager *m = data;
        enum step step = m->trial->step;

        m->trial->job = NULL; /* it ended */
        m->trial->step = STEP_NONE;
        switch (step) {
        case STEP_READ_COUNT:
                on_count(m, r, text, why);
                break;
        case STEP_READ_CLEAN_END:
                on_clean_end(m, r, text, why);
                break;
        case STEP_WRITE_COUNT:
                if (r < 0)
                        count_later(m, why);
                else
                        on_counted(m);
                break;
        case STEP_WRITE_FALL:
                if (r < 0)
                        try_again(m, AGAIN_FALL_USEC);
                break;
        case STEP_START_COUNT:
        case STEP_START:
        case STEP_CONFIRM:
                on_asked(m, step, r, why);
                break;
        case STEP_NONE:
                break;
        }
}

/* A count that hangs is one that cannot be read: another helper may have more luck. */
static void on_hangs(void *data) {
        struct manager *m = data;

        if (trial_is_writing(m))
                tell(m, -ETIMEDOUT, "the disk has not answered yet: it is done once it does");
        else if (m->trial->step != STEP_WRITE_FALL) {
                disk_job_free(TAKE(m->trial->job));
                count_later(m, TRIAL_COUNT_FOLDER ": the disk does not answer");
        }
}

static const struct disk_handler handler = { .ended = on_ended, .hangs = on_hangs };

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
        r = write_step(m, STEP_START_COUNT, TRIAL_COUNT_FOLDER, text, d);
        return r < 0 ? r : 1;
}

int trial_confirm(struct manager *m, struct diag *d) {
        int r;

        if (!m->trial->there)
                return diag_fail(d, -ESRCH, "no trial waits to be confirmed");
        r = interrupt(m, d);
        if (r >= 0)
                r = write_step(m, STEP_CONFIRM, TRIAL_FOLDER, NULL, d);
        return r < 0 ? r : 1;
}

int trial_show(const struct manager *m, struct picture *p) {
        const struct trial_run *t = m->trial;
        char warning[512] = "";

        p->trial = phase_of(t);
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

        if (file_read_at(m->o.state->folder, STATE_NAME, TRIAL_TEXT_MAX, &text, NULL) >= 0 &&
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
                mark_running(m);
        else
                snprintf(t->trouble, sizeof(t->trouble), "/" BOOT_ID_FILE " cannot be read");
        if (!t->boot[0] && t->trial.reason == TRIAL_GOES_ON)
                t->trial.reason = TRIAL_UNCOUNTED;
        if (t->trial.reason != TRIAL_GOES_ON)
                return 0;
        begin(m);
        /* so that a boot that falls back blocks nothing before it knows */
        while (t->step == STEP_READ_COUNT || t->step == STEP_READ_CLEAN_END)
                if (!disk_job_wait(t->job, FIRST_READ_USEC))
                        break;
        return 0;
}
