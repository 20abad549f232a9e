/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what is decided and what is held already to what is to be done; no I/O, no memory of its own. */
#include "lib/enforce/plan.h"

#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"

static const char *const verbs[] = {
        [PLAN_NOTHING] = "nothing",
        [PLAN_BLOCK] = "block",
        [PLAN_RELEASE] = "release",
        [PLAN_HALT] = "halt",
        [PLAN_ADMIT] = "admit",
        [PLAN_CLOSE_GATE] = "close-gate",
        [PLAN_OPEN_GATE] = "open-gate",
};
_Static_assert(N_NAMES(verbs) == _PLAN_VERB_MAX, "every verb has a name");

const char *plan_verb_to_string(enum plan_verb v) {
        return name_of(verbs, N_NAMES(verbs), v);
}

int plan_verb_from_string(const char *word) {
        int value = name_find(verbs, N_NAMES(verbs), word);

        return value == PLAN_NOTHING ? -EBADMSG : value;
}

bool plan_verb_is_of_gate(enum plan_verb v) {
        return v == PLAN_CLOSE_GATE || v == PLAN_OPEN_GATE;
}

void plan_free(struct plan *p) {
        if (!p)
                return;
        free(p->steps);
        free(p);
}

static int compare_held(const void *a, const void *b) {
        return guid_compare(&((const struct held *)a)->instance, &((const struct held *)b)->instance);
}

struct held held_find(const struct held *held, size_t n_held, const struct guid *instance) {
        const struct held none = { .instance = *instance };
        const struct held *found = NULL;

        if (n_held > 0)
                found = bsearch(&none, held, n_held, sizeof(*held), compare_held);
        return found ? *found : none;
}

static bool override_is_ours(const struct device *device, const struct held *held) {
        return held->noted ||
                (device->driver_override && strcmp(device->driver_override, BLOCKED_OVERRIDE) == 0);
}

/* Blocked as far as can be seen from here: this process re-read it so, and no driver came since. */
static bool stays_blocked(const struct device *device, const struct held *held) {
        return held->state == ENFORCEMENT_BLOCKED && !device->driver;
}

/* Whether it may have a driver; what halts the guest may not either. */
static bool may_be_bound(const struct decision *decision, enum policy_mode mode) {
        switch (decision->action) {
        case ACTION_ALLOW:
        case ACTION_AUDIT:
                return true;
        case ACTION_BLOCK:
                return mode != MODE_ENFORCE || decision->protected;
        case ACTION_HALT:
                return mode != MODE_ENFORCE;
        case ACTION_UNSET:
        case _ACTION_MAX:
                break;
        }
        return false;
}

static bool is_to_be_admitted(const struct decision *decision, enum policy_mode mode,
        const struct device *device, const struct held *held) {
        return held->withheld && !device->driver && held->state != ENFORCEMENT_PENDING &&
                !override_is_ours(device, held) && may_be_bound(decision, mode);
}

/* What is done about one that is not allowed. */
static enum plan_verb verb_against(enum policy_action action, const struct evaluation *e,
        const struct device *device, const struct held *held) {
        bool ours = override_is_ours(device, held);

        if (e->mode != MODE_ENFORCE)
                return e->lets_go && ours ? PLAN_RELEASE : PLAN_NOTHING;
        if (action == ACTION_AUDIT)
                return ours ? PLAN_RELEASE : PLAN_NOTHING;
        if (action == ACTION_HALT)
                return PLAN_HALT;
        return stays_blocked(device, held) ? PLAN_NOTHING : PLAN_BLOCK;
}

static enum plan_verb verb_for(const struct decision *decision, const struct evaluation *e,
        const struct device *device, const struct held *held) {
        if (decision->protected || held->state == ENFORCEMENT_PENDING)
                return PLAN_NOTHING;
        if (device->hvsock) /* blocked before it was known for a connection: nothing else may come of that */
                return override_is_ours(device, held) ? PLAN_RELEASE : PLAN_NOTHING;
        switch (decision->action) {
        case ACTION_ALLOW:
                return override_is_ours(device, held) ? PLAN_RELEASE : PLAN_NOTHING;
        case ACTION_AUDIT:
        case ACTION_BLOCK:
        case ACTION_HALT:
                return verb_against(decision->action, e, device, held);
        case ACTION_UNSET:
        case _ACTION_MAX:
                break;
        }
        return PLAN_NOTHING;
}

int plan_make(const struct guest *g, const struct evaluation *e, const struct held *held, size_t n_held,
        struct plan **ret) {
        _cleanup_(plan_freep) struct plan *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->steps = calloc(g->n_devices ? g->n_devices : 1, sizeof(*p->steps));
        if (!p->steps)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *device = &g->devices[i];
                struct held h = held_find(held, n_held, &device->instance);
                enum plan_verb verb = verb_for(&e->decisions[i], e, device, &h);

                if (verb == PLAN_NOTHING && is_to_be_admitted(&e->decisions[i], e->mode, device, &h))
                        verb = PLAN_ADMIT;
                if (verb == PLAN_NOTHING)
                        continue;
                p->steps[p->n++] = (struct plan_step){
                        .verb = verb,
                        .device = i,
                        .rebound = verb == PLAN_BLOCK && h.state == ENFORCEMENT_BLOCKED,
                };
        }
        *ret = TAKE(p);
        return 0;
}
