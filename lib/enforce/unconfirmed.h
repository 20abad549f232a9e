/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A decision by hand that is taken back unless it is confirmed in time. Pure: its note, and what a note that
 * an earlier cvmd left means now.
 */
#include <stdint.h>

#include "lib/policy/evaluation.h"

#define BOOT_ID_SIZE 37 /* of proc/sys/kernel/random/boot_id, as text with its NUL */
#define UNCONFIRMED_TEXT_MAX 160

/* What an administrator had decided about the device until the next boot, before. */
enum hand_before {
        HAND_BEFORE_UNSET,
        HAND_BEFORE_NONE,
        HAND_BEFORE_ALLOW,
        HAND_BEFORE_BLOCK,
        _HAND_BEFORE_MAX
};

enum unconfirmed_state {
        UNCONFIRMED_UNSET,
        UNCONFIRMED_PENDING,
        UNCONFIRMED_CONFIRMED,   /* and being written to the disk */
        UNCONFIRMED_ROLLED_BACK, /* it was not confirmed in time */
        _UNCONFIRMED_MAX,
};

struct unconfirmed {
        enum unconfirmed_state state;
        bool allow;              /* what is decided: else it is blocked */
        bool permanent;          /* what confirming makes of it */
        enum hand_before before; /* what comes back */
        uint64_t usec;           /* CLOCK_BOOTTIME: when it is to be rolled back, or when it was */
        char boot[BOOT_ID_SIZE];
};

/* One line of text, without newline. */
void unconfirmed_format(const struct unconfirmed *u, char ret[UNCONFIRMED_TEXT_MAX]);

/* -EBADMSG unless it is what unconfirmed_format() writes. */
int unconfirmed_parse(const char *text, struct unconfirmed *ret);

/*
 * Whether it has to be rolled back at once: it is of another boot, its time is over, or what is noted about
 * the device (NULL: nothing) is not what was decided: then a crash came before that was noted.
 */
bool unconfirmed_is_over(const struct unconfirmed *u, const char *boot, uint64_t now, const char *noted);

/* What the note by hand says: "allow", "block", or NULL for none. */
const char *hand_before_note(enum hand_before b);
enum hand_before hand_before_of(const struct hand_decision *h); /* h: NULL: none */
