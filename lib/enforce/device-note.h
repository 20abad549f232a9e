/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd must still know about single devices after a crash, until the next boot: one line of text a
 * device and kind, in the symbolic link KIND/INSTANCE -> "=TEXT" of the state folder, replaced as a whole.
 * One for each and no index over them, so that a helper process can note what it is about to overwrite
 * before it does so: each note has one writer at a time, the daemon or the one helper of that device.
 */
#include <stdbool.h>

#include "lib/policy/evaluation.h"

#define NOTE_TEXT_MAX \
        4094 /* with the mark before it what a link holds, where the file system does not take less */

enum note_kind {
        NOTE_OVERRIDE, /* overrides/: driver_override before ours, escaped, "" when unset. There: ours may
                          stand */
        NOTE_BY_HAND,  /* by-hand/: what an administrator decided, "allow" or "block" */
        NOTE_HELPER,   /* helpers/: "VERB PID STARTTIME" of a helper process that may outlive the daemon */
        NOTE_EXPOSURE, /* exposures/: its times, and for how long it was exposed (lib/enforce/exposure.h) */
        NOTE_UNCONFIRMED, /* unconfirmed/: what unconfirmed_format() says of a decision by hand */
        NOTE_PROTECTED, /* protected/: "KIND WORD": what last kept it from being blocked, see protect_kept()
                         */
        _NOTE_KIND_MAX,
};

struct note {
        struct guid instance;
        char *text;
};

/* Zero-initialised is empty. */
struct notes {
        struct note *notes; /* sorted by instance */
        size_t n;
};

/* text: one line, without newline or other control characters: -EINVAL. The folder is made when missing. */
int note_write(int state, enum note_kind kind, const struct guid *instance, const char *text,
        struct diag *d);

/* -ENODATA when there is none, -EBADMSG when it is not what note_write() writes. The caller frees *ret. */
int note_read(int state, enum note_kind kind, const struct guid *instance, char **ret, struct diag *d);

/* 0 also when there is none. */
int note_remove(int state, enum note_kind kind, const struct guid *instance, struct diag *d);

/*
 * All of one kind. Those that are not named after an instance are passed over; a note that cannot be read
 * has the text "" and is told in d, with 0: its being there is a fact too. End *ret with notes_done().
 */
int notes_list(int state, enum note_kind kind, struct notes *ret, struct diag *d);
void notes_done(struct notes *n);
const struct note *notes_find(const struct notes *n, const struct guid *instance);

/* The notes by hand as policy_evaluate() takes them: whatever is not "allow" blocks. The caller frees *ret.
 */
int notes_by_hand(const struct notes *n, struct hand_decision **ret, size_t *ret_n);

/* The folder: overrides by-hand helpers exposures unconfirmed protected. */
const char *note_kind_to_string(enum note_kind k);
