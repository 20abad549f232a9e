/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words in a fixed order; what is read is written again and compared, so that nothing else passes. */
#include "lib/enforce/unconfirmed.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/name-table.h"

static const char *const befores[] = {
        [HAND_BEFORE_UNSET] = "unset",
        [HAND_BEFORE_NONE] = "none",
        [HAND_BEFORE_ALLOW] = "allow",
        [HAND_BEFORE_BLOCK] = "block",
};
_Static_assert(N_NAMES(befores) == _HAND_BEFORE_MAX, "every decision before has a name");

static const char *const states[] = {
        [UNCONFIRMED_UNSET] = "unset",
        [UNCONFIRMED_PENDING] = "pending",
        [UNCONFIRMED_CONFIRMED] = "confirmed",
        [UNCONFIRMED_ROLLED_BACK] = "rolled-back",
};
_Static_assert(N_NAMES(states) == _UNCONFIRMED_MAX, "every state has a name");

static const char *action_of(const struct unconfirmed *u) {
        return u->allow ? "allow" : "block";
}

void unconfirmed_format(const struct unconfirmed *u, char ret[UNCONFIRMED_TEXT_MAX]) {
        snprintf(ret, UNCONFIRMED_TEXT_MAX, "%s %s %s %s %" PRIu64 " %.*s",
                name_of(states, N_NAMES(states), u->state), action_of(u),
                u->permanent ? "permanent" : "runtime", name_of(befores, N_NAMES(befores), u->before),
                u->usec, BOOT_ID_SIZE - 1, u->boot);
}

/* Its index; 0, which is unset in both tables, for a word that is not in it. */
static unsigned index_of(const char *const *names, size_t n, const char *word) {
        for (size_t i = 1; i < n; i++)
                if (strcmp(names[i], word) == 0)
                        return (unsigned)i;
        return 0;
}

int unconfirmed_parse(const char *text, struct unconfirmed *ret) {
        char state[12], action[6], lasting[10], before[6], again[UNCONFIRMED_TEXT_MAX];
        struct unconfirmed u = {};

        if (sscanf(text, "%11s %5s %9s %5s %" SCNu64 " %36s", state, action, lasting, before, &u.usec,
                    u.boot) != 6)
                return -EBADMSG;
        u.state = (enum unconfirmed_state)index_of(states, N_NAMES(states), state);
        u.allow = strcmp(action, "allow") == 0;
        u.permanent = strcmp(lasting, "permanent") == 0;
        u.before = (enum hand_before)index_of(befores, N_NAMES(befores), before);
        unconfirmed_format(&u, again);
        if (u.state == UNCONFIRMED_UNSET || u.before == HAND_BEFORE_UNSET ||
                strlen(u.boot) != BOOT_ID_SIZE - 1 || strcmp(again, text) != 0)
                return -EBADMSG;
        *ret = u;
        return 0;
}

bool unconfirmed_is_over(const struct unconfirmed *u, const char *boot, uint64_t now, const char *noted) {
        return strcmp(u->boot, boot) != 0 || u->usec <= now || !noted || strcmp(noted, action_of(u)) != 0;
}

const char *hand_before_note(enum hand_before b) {
        return b == HAND_BEFORE_ALLOW || b == HAND_BEFORE_BLOCK ? befores[b] : NULL;
}

enum hand_before hand_before_of(const struct hand_decision *h) {
        if (!h)
                return HAND_BEFORE_NONE;
        return h->allow ? HAND_BEFORE_ALLOW : HAND_BEFORE_BLOCK;
}
