/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The state folder: what cvmd must still know after a crash, until the next boot. One cvmd a folder. It also
 * holds the notes (lib/enforce/device-note.h) and the decision log, which find it by its descriptor.
 */
#include "lib/policy/policy.h"

#define STATE_FOLDER "/run/cvmd"

struct state {
        int folder; /* -1: none */
        int lock;
};

#define STATE_NONE ((struct state){ .folder = -1, .lock = -1 })

/* Makes the folder if it is missing, and locks it: -EBUSY, naming the process, while another cvmd holds it.
 */
int state_open(const char *folder, struct state *ret, struct diag *d);
void state_done(struct state *s);

/* Whether a cvmd runs on that folder: 1 or 0. */
int state_is_held(const char *folder);

/* Keeps what p enforces, as canonical JSON, for the day on which no file can be loaded. */
int state_keep_policy(const struct state *s, const struct policy *p, struct diag *d);

/*
 * The policy kept last, with its digest; files and reasons are gone. -ENODATA when none was kept, -EBADMSG
 * when what is there does not have the digest of what it says.
 */
int state_last_policy(const struct state *s, struct policy **ret, struct diag *d);
