/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looking without the daemon: facts from a snapshot or a folder, judged here and now. */
#include "cli/context.h"
#include "lib/facts/guest.h"
#include "lib/facts/snapshot.h"
#include "lib/policy/evaluation.h"
#include "lib/policy/policy-file.h"

struct offline {
        struct snapshot *snapshot;
        struct guest *guest;
        struct policy *policy;
        struct evaluation *evaluation;
        enum verdict *verdicts; /* one for each device of the guest */
        enum guest_state state;
};

void offline_done(struct offline *o);

/* The recording in a file of any kind. */
int offline_read_snapshot(const char *name, struct snapshot **ret, struct diag *d);

/* The same as --snapshot names it: - is stdin. */
int offline_named_snapshot(const char *name, struct snapshot **ret, struct diag *d);

/* The snapshot of --snapshot, else one recorded from --root, else one of this machine. */
int offline_snapshot(struct context *x, struct snapshot **ret);

/*
 * The policy of these files, else that in force below --root, else below /. problems are filled in either
 * way; -ENODATA when there is no file at all.
 */
int offline_policy(struct context *x, char *const *paths, size_t n_paths, struct policy **ret,
        struct policy_problems *ret_problems);

/* That of --policy, else the one in force, else the built-in one: what the daemon does without any file. */
int offline_policy_in_force(struct context *x, struct policy **ret);

/* All of it, with the built-in policy where there is no file. */
int offline_load(struct context *x, struct offline *ret);
