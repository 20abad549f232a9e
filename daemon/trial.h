/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A trial of enforcement (lib/enforce/trial.h), for the manager. It is begun and confirmed by a person; each
 * boot counts itself as soon as /var can be written. Whatever keeps it from that for longer than patience
 * makes it fall back to audit: a trial is there so that nobody is locked out.
 */
#include "daemon/manager.h"
#include "lib/enforce/trial.h"

struct trial_run;

/* Reads what there is of a trial; waits for the count, but not for long. Nothing of it is a reason to fail.
 */
int trial_load(struct manager *m, struct diag *d);
void trial_free(struct trial_run *t);

/* The mode in place of the policy's: an override, else the trial's; UNSET: the policy's. */
enum policy_mode trial_mode(const struct manager *m);

/* It fell back: what it blocked before it did is released, for that may be what it fell back for. */
bool trial_lets_go(const struct manager *m);

/* As manager_decide(): 1, and the observers are told when it is written. */
int trial_start(struct manager *m, unsigned boots, struct diag *d);
int trial_confirm(struct manager *m, struct diag *d);
bool trial_is_writing(const struct manager *m);

/* Adds what is shown of it. -ENOMEM. */
int trial_show(const struct manager *m, struct picture *p);

/* This cvmd ends as it should. */
void trial_end(const struct manager *m);

/*
 * For `cvmd --clean-end`, at the end of a boot: notes that it ends cleanly; 0 also when there is no trial.
 * -ENODATA, and nothing is noted, when no cvmd runs on that state folder.
 */
int trial_mark_clean_end(struct sysroot *root, const char *state, struct diag *d);
