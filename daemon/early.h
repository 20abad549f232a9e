/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * cvmd in the initrd, and the way from there into the system: it runs until the root is mounted, and leaves
 * gate, blocks and decision log in /run/cvmd to the cvmd of the system; or gives them back where there is
 * none.
 */
#include "daemon/state.h"
#include "lib/base/sysroot.h"

/* Whether this kernel runs to save a crash dump: it needs its disk or network, whatever they are. */
bool early_is_kdump(struct sysroot *root);

/*
 * Leaves the foreground: returns in a process of its own, which is started again whenever it is killed or
 * fails, until it succeeds. The one that called ends, successfully once *ret (a descriptor) was written to,
 * or with the failure of the other.
 */
int early_go_background(int *ret);

/* Notes which policy was in force here, and reads it in the system; "" when there was no cvmd in the initrd.
 */
int early_note_policy(const struct state *s, const struct digest *digest, struct diag *d);
int early_noted_policy(const struct state *s, char ret[DIGEST_TEXT_SIZE]);

/*
 * Ends the cvmd that holds the state folder, by its lock, and sees to it that it is not started again. 0
 * also when there is none. -ETIMEDOUT when not even SIGKILL ended it.
 */
int early_end(const char *state, struct diag *d);

/* Whether early_end() was called: its supervisor may start one more, which then has nothing to do. */
bool early_is_over(const struct state *s);

/* Whether a cvmd is going to be started in the system in that folder: its unit is there, and enabled. */
bool early_has_successor(struct sysroot *new_root);
