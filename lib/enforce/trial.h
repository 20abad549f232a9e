/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A trial of enforcement over several boots: it has to be confirmed after so many that were clean, else cvmd
 * only audits. Pure: what is kept of it, and what a boot makes of what the last one left.
 *
 * That there is a trial stands beside the policy, where it is known as early as the policy is and as surely;
 * so does that it failed. The boots are counted in /var, which may come late.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/guid.h"

#define TRIAL_FOLDER "/etc/cvmd"
#define TRIAL_FILE TRIAL_FOLDER "/trial"
#define TRIAL_COUNT_FOLDER "/var/lib/cvmd"
#define TRIAL_COUNT_FILE TRIAL_COUNT_FOLDER "/trial"
#define TRIAL_CLEAN_FILE \
        TRIAL_COUNT_FOLDER "/clean-end" /* the boot that ended cleanly, as its id and a newline */

#define TRIAL_BOOTS_MAX 100u
#define TRIAL_TEXT_MAX 160

enum trial_phase {
        TRIAL_NONE,        /* there is none: the policy's mode is in force */
        TRIAL_STARTED,     /* in this boot, which is not counted */
        TRIAL_RUNNING,     /* boots are counted */
        TRIAL_ASKING,      /* they were clean: it has to be confirmed before the next one */
        TRIAL_FALLEN_BACK, /* to audit, until it is confirmed or started anew */
        _TRIAL_PHASE_MAX,
};

enum trial_reason {
        TRIAL_GOES_ON,
        TRIAL_UNCLEAN,     /* a boot has not ended cleanly */
        TRIAL_CRASHED,     /* cvmd ended unexpectedly in one */
        TRIAL_UNCONFIRMED, /* all were clean, and nobody confirmed it */
        TRIAL_UNCOUNTED,   /* boots cannot be counted */
        _TRIAL_REASON_MAX,
};

/* What stands beside the policy. */
struct trial {
        char id[GUID_TEXT_SIZE];
        unsigned boots;           /* 1 to TRIAL_BOOTS_MAX */
        enum trial_reason reason; /* why it fell back, TRIAL_GOES_ON: it did not */
};

/* What is counted. */
struct trial_count {
        char id[GUID_TEXT_SIZE]; /* of the trial */
        enum trial_phase phase;  /* started, running or asking */
        unsigned clean;          /* boots */
        char boot[GUID_TEXT_SIZE];
        bool crashed; /* cvmd ended unexpectedly in that boot */
};

/* One line each, with its newline; -EBADMSG for what these do not write. */
void trial_format(const struct trial *t, char ret[TRIAL_TEXT_MAX]);
int trial_parse(const char *text, struct trial *ret);
void trial_count_format(const struct trial_count *c, char ret[TRIAL_TEXT_MAX]);
int trial_count_parse(const char *text, struct trial_count *ret);

/*
 * What this boot is, after what was counted last. clean_end: what TRIAL_CLEAN_FILE says, "" when there is
 * none; crashed: a cvmd of this boot ended unexpectedly. TRIAL_GOES_ON, or why it falls back; *ret is the
 * count from now on, as it was in the latter case.
 */
enum trial_reason trial_next(const struct trial *t, const struct trial_count *last, const char *boot,
        const char *clean_end, bool crashed, struct trial_count *ret);

const char *trial_phase_to_string(enum trial_phase p); /* none started running asking fallen-back */
const char *trial_reason_text(enum trial_reason r);    /* for people */
