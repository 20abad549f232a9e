/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an administrator decides about single devices. Noted until the next boot, and standing before all
 * rules; what is to last is permanent.c's. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"
#include "lib/policy/by-hand-file.h"

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

const struct hand_decision *by_hand_of(const struct manager *m, const struct guid *instance) {
        for (size_t i = 0; i < m->n_by_hand; i++)
                if (guid_equal(&m->by_hand[i].instance, instance))
                        return &m->by_hand[i];
        return NULL;
}

int by_hand_note(struct manager *m, const struct guid *instance, enum by_hand what, struct diag *d) {
        int r;

        if (what == BY_HAND_FORGET)
                r = note_remove(m->o.state->folder, NOTE_BY_HAND, instance, d);
        else
                r = note_write(m->o.state->folder, NOTE_BY_HAND, instance,
                        what == BY_HAND_ALLOW ? "allow" : "block", d);
        return r < 0 ? r : by_hand_load(m, d);
}

int by_hand_evaluate(const struct manager *m, const struct policy *p, const struct guid *instance,
        const struct hand_decision *instead, struct evaluation **ret, struct diag *d) {
        _cleanup_(freep) struct hand_decision *by_hand = calloc(m->n_by_hand + 1, sizeof(*by_hand));
        struct evaluation_options o;
        int r = by_hand ? manager_judging(m, now_usec(CLOCK_MONOTONIC), &o) : -ENOMEM;

        if (r < 0)
                return diag_errno(d, r, "decision");
        o.by_hand = by_hand;
        o.n_by_hand = 0;
        for (size_t i = 0; i < m->n_by_hand; i++)
                if (!guid_equal(&m->by_hand[i].instance, instance))
                        by_hand[o.n_by_hand++] = m->by_hand[i];
        if (instead)
                by_hand[o.n_by_hand++] = *instead;
        r = policy_evaluate(p, m->picture->guest, &o, ret);
        return r < 0 ? diag_errno(d, r, "decision") : 0;
}

/* Whether a block by hand would stop at what stands on the device: as the policy says, over the whole set.
 */
static int check_unprotected(const struct manager *m, const struct device *device, struct diag *d) {
        const struct hand_decision block = { .instance = device->instance };
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        const struct decision *decision;
        int r = by_hand_evaluate(m, m->policy, &device->instance, &block, &e, d);

        if (r < 0)
                return r;
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

/* Whether anything was decided about it. */
static bool is_decided(const struct manager *m, const struct guid *instance) {
        _cleanup_(hand_decisions_done) struct hand_decisions lasting = {};

        return by_hand_of(m, instance) ||
                (by_hand_file_read(m->o.root, &lasting, NULL) >= 0 &&
                        hand_decisions_find(&lasting, instance));
}

static int resolve(const struct manager *m, const struct decide_request *q, struct guid *ret,
        struct diag *d) {
        const struct device *device;
        int r = guest_resolve(m->picture->guest, q->device, &device, d);

        /* a device that is gone can still be forgotten, by its whole name */
        if (r == -ENODEV && q->what == BY_HAND_FORGET && guid_parse(q->device, ret) >= 0 &&
                is_decided(m, ret))
                return 0;
        if (r < 0)
                return r;
        r = q->what == BY_HAND_BLOCK ? check_blockable(m, device, d) : 0;
        if (r < 0)
                return r;
        *ret = device->instance;
        return 0;
}

static void announce(struct manager *m, const struct guid *instance, const struct decide_request *q) {
        static const char *const words[] = {
                [BY_HAND_FORGET] = "forgotten",
                [BY_HAND_BLOCK] = "block",
                [BY_HAND_ALLOW] = "allow",
        };

        if (q->confirm_usec > 0)
                announce_by_hand(m, instance, "%s, to be confirmed within %" PRIu64 " s", words[q->what],
                        q->confirm_usec / 1000000);
        else
                announce_by_hand(m, instance, "%s", words[q->what]);
}

static int decide_until_boot(struct manager *m, const struct guid *instance, const struct decide_request *q,
        struct diag *d) {
        struct diag ignored = {};
        int r = q->confirm_usec > 0 ? confirm_expect(m, instance, q, d) : 0;

        if (r < 0)
                return r;
        r = by_hand_note(m, instance, q->what, d);
        if (r >= 0 && q->confirm_usec == 0)
                r = confirm_settle(m, instance, d);
        if (r < 0) {
                if (q->confirm_usec > 0) /* the next start finds the same, should this fail */
                        (void)confirm_settle(m, instance, &ignored);
                return r;
        }
        announce(m, instance, q);
        manager_try_at_once(m);
        return manager_reconcile(m, d);
}

int manager_decide(struct manager *m, const struct decide_request *q, struct guid *ret, struct diag *d) {
        struct hand_change change = { .what = q->what };
        int r = 0;

        if (q->what == BY_HAND_FORGET && q->confirm_usec > 0)
                return diag_fail(d, -EINVAL, "only a block or an allow can wait to be confirmed");
        if (permanent_is_writing(m) || trial_is_writing(m))
                return diag_fail(d, -EBUSY, "another decision is still being written to the disk");
        r = resolve(m, q, &change.instance, d);
        if (r < 0)
                return r;
        if (q->permanent && q->confirm_usec == 0)
                r = permanent_begin(m, &change, 1, false, d);
        else {
                r = q->permanent ? permanent_check(m, &change, d) : 0;
                if (r >= 0)
                        r = decide_until_boot(m, &change.instance, q, d);
        }
        if (r >= 0)
                *ret = change.instance;
        return r;
}
