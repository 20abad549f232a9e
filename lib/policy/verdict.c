/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the judgements. */
#include "lib/policy/verdict.h"

#include <errno.h>

#include "lib/base/name-table.h"

static const char *const modes[] = {
        [MODE_UNSET] = "unset",
        [MODE_AUDIT] = "audit",
        [MODE_ENFORCE] = "enforce",
        [MODE_OFF] = "off",
};
_Static_assert(N_NAMES(modes) == _MODE_MAX, "every mode has a name");

static const char *const verdicts[] = {
        [VERDICT_UNSET] = "unset",
        [VERDICT_ALLOWED] = "allowed",
        [VERDICT_VIOLATING] = "violating",
        [VERDICT_BLOCKED] = "blocked",
        [VERDICT_PROTECTED] = "protected",
        [VERDICT_PENDING] = "pending",
        [VERDICT_FAILED] = "failed",
};
_Static_assert(N_NAMES(verdicts) == _VERDICT_MAX, "every verdict has a name");

static const char *const states[] = {
        [STATE_UNSET] = "unset",
        [STATE_COMPLIANT] = "compliant",
        [STATE_VIOLATING] = "violating",
        [STATE_UNPROTECTED] = "unprotected",
        [STATE_NOT_APPLICABLE] = "not-applicable",
        [STATE_FAILED] = "failed",
};
_Static_assert(N_NAMES(states) == _STATE_MAX, "every state has a name");

/* "unset" is for output: nobody may ask for it. */
static int find_set(const char *const *table, size_t n, const char *word) {
        int value = name_find(table, n, word);

        return value == 0 ? -EBADMSG : value;
}

const char *policy_mode_to_string(enum policy_mode m) {
        return name_of(modes, N_NAMES(modes), m);
}

int policy_mode_from_string(const char *word) {
        return find_set(modes, N_NAMES(modes), word);
}

const char *verdict_to_string(enum verdict v) {
        return name_of(verdicts, N_NAMES(verdicts), v);
}

int verdict_from_string(const char *word) {
        return find_set(verdicts, N_NAMES(verdicts), word);
}

const char *guest_state_to_string(enum guest_state s) {
        return name_of(states, N_NAMES(states), s);
}

int guest_state_from_string(const char *word) {
        return find_set(states, N_NAMES(states), word);
}
