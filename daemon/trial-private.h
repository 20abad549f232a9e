/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of a trial know of each other:
 *   trial.c         what there is of it, and its helpers
 *   trial-count.c   that this boot is counted, or enforcement falls back
 *   trial-ask.c     what a person asks for: to start one, to confirm it
 */
#include "daemon/disk.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"
#define TRIAL_STATE_NAME "trial" /* in the state folder: TRIAL_FILE, with the reason why it fell back */
#define TRIAL_AGAIN_USEC (500 * (uint64_t)1000)

enum trial_step {
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
        enum trial_step step;
        struct disk_job *job;
        sd_event_source *again;
        struct trial next; /* what is being written, until it is */
        struct trial_count next_count;
};

/* trial.c: starts a helper for a step; what comes of it goes to trial_on_count() or one of those below. */
int trial_read(struct manager *m, enum trial_step step, const char *path, struct diag *d);
int trial_write(struct manager *m, enum trial_step step, const char *folder, const char *text,
        struct diag *d);
enum trial_phase trial_phase_of(const struct trial_run *t);
/* That a cvmd runs in this boot that has not ended well, until it has. */
void trial_mark_running(struct manager *m);

/* trial-count.c */
void trial_begin(struct manager *m);
void trial_try_again(struct manager *m, uint64_t usec); /* whatever is to be done then */
void trial_count_later(struct manager *m, const char *why);
void trial_on_count(struct manager *m, int r, const char *text, const char *why);
void trial_on_clean_end(struct manager *m, int r, const char *text, const char *why);
void trial_on_count_written(struct manager *m, int r, const char *why);
void trial_on_fall_written(struct manager *m, int r);

/* trial-ask.c: a step that somebody waits for has ended; and telling them. */
void trial_on_asked(struct manager *m, enum trial_step step, int r, const char *why);
void trial_tell(struct manager *m, int r, const char *why);
