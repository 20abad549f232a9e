/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture's parts from facts and policy; what enforcement adds to it is conclude.c's. */
#include "daemon/picture.h"

#include <errno.h>
#include <string.h>

int picture_warn(struct picture *p, const char *warning) {
        char **bigger = reallocarray(p->warnings, p->n_warnings + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        p->warnings = bigger;
        p->warnings[p->n_warnings] = strdup(warning);
        if (!p->warnings[p->n_warnings])
                return -ENOMEM;
        p->n_warnings++;
        return 0;
}

int picture_new(struct snapshot *snapshot, const struct policy *policy, const struct evaluation_options *o,
        struct picture **ret) {
        _cleanup_(snapshot_freep) struct snapshot *taken = snapshot;
        _cleanup_(picture_freep) struct picture *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->policy = policy;
        p->snapshot = TAKE(taken);
        r = guest_eval(p->snapshot, &p->guest);
        if (r < 0)
                return r;
        r = policy_evaluate(policy, p->guest, o, &p->evaluation);
        if (r < 0)
                return r;
        p->devices = calloc(p->guest->n_devices + 1, sizeof(*p->devices));
        if (!p->devices)
                return -ENOMEM;
        for (size_t i = 0; i < p->guest->n_warnings; i++) {
                r = picture_warn(p, p->guest->warnings[i]);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < policy->n_warnings; i++) {
                r = picture_warn(p, policy->warnings[i]);
                if (r < 0)
                        return r;
        }
        if (p->evaluation->unexpected) {
                r = picture_warn(p, p->evaluation->unexpected);
                if (r < 0)
                        return r;
        }
        *ret = TAKE(p);
        return 0;
}

int picture_add_tried(struct picture *p, const struct digest *digest, uint64_t until) {
        p->tried = calloc(1, sizeof(*p->tried));
        if (!p->tried)
                return -ENOMEM;
        p->tried->digest = *digest;
        p->tried->until = until;
        p->tried->devices = calloc(p->guest->n_devices + 1, sizeof(*p->tried->devices));
        return p->tried->devices ? 0 : -ENOMEM;
}

static void free_tried(struct picture *p) {
        for (size_t i = 0; p->tried && p->tried->devices && i < p->guest->n_devices; i++) {
                free(p->tried->devices[i].rule);
                free(p->tried->devices[i].reason);
        }
        if (p->tried)
                free(p->tried->devices);
        free(p->tried);
}

void picture_free(struct picture *p) {
        if (!p)
                return;
        free_tried(p);
        if (p->devices)
                for (size_t i = 0; i < p->guest->n_devices; i++)
                        free(p->devices[i].reason);
        free(p->devices);
        for (size_t i = 0; i < p->n_warnings; i++)
                free(p->warnings[i]);
        free(p->warnings);
        free(p->unconfirmed);
        evaluation_free(p->evaluation);
        guest_free(p->guest);
        snapshot_free(p->snapshot);
        free(p);
}

int picture_find(const struct picture *p, const struct guid *instance, size_t *ret) {
        const struct device *d = guest_find(p->guest, instance);

        if (!d)
                return -ENODEV;
        *ret = (size_t)(d - p->guest->devices);
        return 0;
}
