/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an administrator decides about single devices. Noted until the next boot, and standing before all
 * rules. */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"

int by_hand_load(struct manager *m, struct diag *d) {
        _cleanup_(notes_done) struct notes notes = {};
        struct hand_decision *by_hand;
        struct diag told = {};
        size_t n;
        int r = notes_list(m->o.state->folder, NOTE_BY_HAND, &notes, &told);

        if (r < 0)
                return diag_fail(d, r, "%s", told.text);
        if (told.text[0])
                log_warning("%s", told.text);
        r = notes_by_hand(&notes, &by_hand, &n);
        if (r < 0)
                return diag_errno(d, r, "decisions by hand");
        free(m->by_hand);
        m->by_hand = by_hand;
        m->n_by_hand = n;
        return 0;
}

/* Whether a block by hand would stop at what stands on the device: as the policy says, over the whole set.
 */
static int check_unprotected(const struct manager *m, const struct device *device, struct diag *d) {
        _cleanup_(freep) struct hand_decision *by_hand = calloc(m->n_by_hand + 1, sizeof(*by_hand));
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        const struct evaluation_options o = {
                .mode = m->o.mode,
                .by_hand = by_hand,
                .n_by_hand = m->n_by_hand + 1,
        };
        const struct decision *decision;
        int r;

        if (!by_hand)
                return diag_errno(d, -ENOMEM, "decision");
        by_hand[0].instance = device->instance; /* the first one counts */
        if (m->n_by_hand > 0)
                memcpy(by_hand + 1, m->by_hand, m->n_by_hand * sizeof(*by_hand));
        r = policy_evaluate(m->policy, m->picture->guest, &o, &e);
        if (r < 0)
                return diag_errno(d, r, "decision");
        decision = &e->decisions[device - m->picture->guest->devices];
        if (decision->protected)
                return diag_fail(d, -EPERM, "%s is protected: %s", device->instance_text, decision->reason);
        return 0;
}

static int check_blockable(const struct manager *m, const struct device *device, struct diag *d) {
        if (m->picture->evaluation->mode != MODE_ENFORCE)
                return diag_fail(d, -EPERM,
                        "cvmd does not block in mode %s: set \"mode\": \"enforce\" in a policy",
                        policy_mode_to_string(m->picture->evaluation->mode));
        if (device->hvsock)
                return diag_fail(d, -EOPNOTSUPP, "%s is an hv_sock connection, which cannot be blocked",
                        device->instance_text);
        return check_unprotected(m, device, d);
}

int manager_decide(struct manager *m, const char *word, enum by_hand what, struct guid *ret,
        struct diag *d) {
        const struct device *device;
        struct guid instance;
        int r = guest_resolve(m->picture->guest, word, &device, d);

        if (r < 0)
                return r;
        instance = device->instance;
        r = what == BY_HAND_BLOCK ? check_blockable(m, device, d) : 0;
        if (r < 0)
                return r;
        if (what == BY_HAND_FORGET)
                r = note_remove(m->o.state->folder, NOTE_BY_HAND, &instance, d);
        else
                r = note_write(m->o.state->folder, NOTE_BY_HAND, &instance,
                        what == BY_HAND_ALLOW ? "allow" : "block", d);
        if (r < 0)
                return r;
        r = by_hand_load(m, d);
        if (r < 0)
                return r;
        announce_by_hand(m, device, what);
        manager_try_at_once(m);
        r = manager_reconcile(m, d);
        if (r < 0)
                return r;
        *ret = instance;
        return 0;
}
