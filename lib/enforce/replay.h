/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A decision log held against the facts and the policy that it is said to rest on: whether they give the
 * same decisions here and now. Pure. The facts are those of one instant, so that only the last decision
 * about each device can be expected to follow from them; what an administrator decided and the mode in force
 * are taken from the log.
 */
#include "lib/enforce/decision-log.h"
#include "lib/policy/evaluation.h"

enum replay_outcome {
        REPLAY_NOT_JUDGED, /* an event that is no decision */
        REPLAY_SAME,
        REPLAY_DIFFERS,
        REPLAY_SUPERSEDED,   /* differs, and a later decision stands: the facts were others then */
        REPLAY_OTHER_POLICY, /* was made by another policy */
        REPLAY_GONE,         /* about a device that the facts do not have */
        _REPLAY_OUTCOME_MAX,
};

const char *replay_outcome_to_string(enum replay_outcome o); /* not-judged same differs ... */

/* One entry; strings are owned, and NULL where the entry has none. */
struct replay_entry {
        uint64_t sequence, time_usec;
        char *event, *instance, *verdict, *rule, *reason, *policy;
        enum replay_outcome outcome;
        enum verdict found; /* by facts and policy, once all is done that they ask for; UNSET: not judged */
        char *found_rule, *found_reason;
};

struct replay {
        struct replay_entry *entries;
        size_t n;
        size_t counts[_REPLAY_OUTCOME_MAX];
};

/*
 * name is for messages. -EBADMSG for a log whose chain is broken, with name:line; -ENOMEM. The caller ends
 * *ret.
 */
int replay_run(const char *name, const char *log, size_t n, const struct policy *p, const struct guest *g,
        struct replay *ret, struct diag *d);
void replay_done(struct replay *r);
