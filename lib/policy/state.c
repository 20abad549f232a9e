/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From decisions, facts and what enforcement saw to the words that everyone reads. */
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/policy/evaluation.h"

static const char *const gate_states[] = {
        [GATE_STATE_UNSET] = "unset",
        [GATE_STATE_OFF] = "off",
        [GATE_STATE_ON] = "on",
        [GATE_STATE_PENDING] = "pending",
};
_Static_assert(N_NAMES(gate_states) == _GATE_STATE_MAX, "every state of the gate has a name");

const char *gate_state_to_string(enum gate_state s) {
        return name_of(gate_states, N_NAMES(gate_states), s);
}

enum gate_state gate_state_of(const struct evaluation *e, const struct guest *g) {
        if (!e->gated || g->autoprobe == TRISTATE_UNKNOWN)
                return GATE_STATE_OFF;
        return g->autoprobe == TRISTATE_NO ? GATE_STATE_ON : GATE_STATE_PENDING;
}

static const char *const enforcements[] = {
        [ENFORCEMENT_NONE] = "none",
        [ENFORCEMENT_PENDING] = "pending",
        [ENFORCEMENT_BLOCKED] = "blocked",
        [ENFORCEMENT_RELEASED] = "released",
        [ENFORCEMENT_FAILED] = "failed",
};
_Static_assert(N_NAMES(enforcements) == ENFORCEMENT_FAILED + 1, "every enforcement has a name");

const char *enforcement_to_string(enum enforcement e) {
        return name_of(enforcements, N_NAMES(enforcements), e);
}

/* A driver that is bound speaks louder than what enforcement saw before. */
static bool is_blocked(const struct device *device, enum enforcement enforcement) {
        if (device->driver)
                return false;
        if (enforcement == ENFORCEMENT_BLOCKED)
                return true;
        return enforcement == ENFORCEMENT_NONE && device->driver_override &&
                strcmp(device->driver_override, BLOCKED_OVERRIDE) == 0;
}

enum verdict verdict_of(const struct decision *d, const struct device *device,
        enum enforcement enforcement) {
        if (enforcement == ENFORCEMENT_PENDING)
                return VERDICT_PENDING;
        if (enforcement == ENFORCEMENT_FAILED)
                return VERDICT_FAILED;
        if (!d->violates)
                return VERDICT_ALLOWED;
        if (is_blocked(device, enforcement))
                return VERDICT_BLOCKED;
        return d->protected ? VERDICT_PROTECTED : VERDICT_VIOLATING;
}

/* Follows plan_make(): what it would block, release or leave alone. */
enum verdict verdict_intended(const struct evaluation *e, const struct decision *d,
        const struct device *device, enum enforcement enforcement) {
        bool enforces = e->mode == MODE_ENFORCE && !device->hvsock && !d->protected;

        if (!d->violates)
                return VERDICT_ALLOWED;
        if (enforces && d->action == ACTION_BLOCK)
                return VERDICT_BLOCKED;
        /* released, where it was blocked */
        if ((enforces && d->action == ACTION_AUDIT) ||
                (e->mode != MODE_ENFORCE && e->lets_go && !d->protected))
                return VERDICT_VIOLATING;
        return verdict_of(d, device,
                enforcement == ENFORCEMENT_BLOCKED ? ENFORCEMENT_BLOCKED : ENFORCEMENT_NONE);
}

enum guest_state state_of(const struct evaluation *e, const enum verdict *verdicts) {
        bool violates = false;

        if (!e->expected)
                return STATE_FAILED;
        for (size_t i = 0; i < e->n; i++) {
                if (verdicts[i] == VERDICT_FAILED)
                        return STATE_FAILED;
                if (e->decisions[i].violates && verdicts[i] != VERDICT_BLOCKED)
                        violates = true;
        }
        if (!e->applies)
                return STATE_NOT_APPLICABLE;
        if (!violates)
                return STATE_COMPLIANT;
        return e->mode == MODE_ENFORCE ? STATE_VIOLATING : STATE_UNPROTECTED;
}
