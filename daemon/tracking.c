/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of tracked devices. Both it and the guest are sorted by instance, so that following is a merge.
 */
#include "daemon/tracking.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BACK_OFF_FIRST_USEC (100 * 1000)
#define BACK_OFF_MAX_USEC (30 * 1000 * 1000)
#define QUIET_USEC (60 * 1000 * 1000) /* without an action: the next one is a first one again */

static void tracked_done(struct tracked *t) {
        free(t->announced);
        *t = (struct tracked){};
}

void tracking_done(struct tracking *t) {
        for (size_t i = 0; i < t->n; i++)
                tracked_done(&t->devices[i]);
        free(t->devices);
        *t = (struct tracking){};
}

/* It is another object than the one on which something was done: nothing of that holds any more. */
static void renew(struct tracked *t, int state, uint64_t now) {
        t->renewed = t->running != PLAN_NOTHING;
        if (!t->renewed) {
                t->enforcement = ENFORCEMENT_NONE;
                t->noted = false;
                (void)note_remove(state, NOTE_OVERRIDE, &t->instance, NULL);
        }
        t->leaving = false;
        t->from_start = false;
        t->isolated = false;
        t->admitted = 0;
        t->arrived = now;
        t->tries = 0;
        t->problem[0] = 0;
        free(t->announced);
        t->announced = NULL;
}

bool tracking_is_noted(int state, const struct guid *instance) {
        _cleanup_(freep) char *text = NULL;

        return note_read(state, NOTE_OVERRIDE, instance, &text, NULL) != -ENODATA;
}

/*
 * The kernel gives no two folders of sysfs the same inode number; relids it uses again. What is not known
 * tells nothing.
 */
static bool identify(struct tracked *t, const struct device *d, uint64_t now) {
        bool same = true;

        if (d->inode > 0) {
                same = t->inode == d->inode;
                t->inode = d->inode;
        }
        if (!d->unreadable) {
                same = same && t->relid == d->relid;
                t->relid = d->relid;
                t->unreadable = 0;
        } else if (t->unreadable == 0)
                t->unreadable = now;
        return same;
}

int tracking_follow(struct tracking *t, const struct guest *g, const struct arrivals *arrivals, int state,
        uint64_t now) {
        struct tracked *devices = calloc(g->n_devices + 1, sizeof(*devices));
        size_t old = 0;

        if (!devices)
                return -ENOMEM;
        for (size_t i = 0; i <= g->n_devices; i++) {
                const struct guid *instance = i < g->n_devices ? &g->devices[i].instance : NULL;

                for (; old < t->n && (!instance || guid_compare(&t->devices[old].instance, instance) < 0);
                        old++) {
                        (void)note_remove(state, NOTE_OVERRIDE, &t->devices[old].instance, NULL);
                        (void)note_remove(state, NOTE_EXPOSURE, &t->devices[old].instance, NULL);
                        tracked_done(&t->devices[old]);
                }
                if (!instance)
                        break;
                if (old < t->n && guid_equal(&t->devices[old].instance, instance)) {
                        devices[i] = t->devices[old++];
                        if ((!arrivals || arrivals_has(arrivals, instance)) &&
                                !identify(&devices[i], &g->devices[i], now))
                                renew(&devices[i], state, now);
                        continue;
                }
                devices[i] = (struct tracked){
                        .instance = *instance,
                        .noted = tracking_is_noted(state, instance),
                        .arrived = now,
                };
                (void)identify(&devices[i], &g->devices[i], now);
        }
        for (size_t i = 0; i < g->n_devices; i++) {
                devices[i].was_bound = devices[i].was_bound || g->devices[i].driver;
                devices[i].leaving = devices[i].leaving && arrivals;
        }
        free(t->devices);
        *t = (struct tracking){ .devices = devices, .n = g->n_devices };
        return 0;
}

struct tracked *tracking_find(struct tracking *t, const struct guid *instance) {
        size_t from = 0, to = t->n;

        while (from < to) {
                size_t middle = from + (to - from) / 2;
                int order = guid_compare(&t->devices[middle].instance, instance);

                if (order == 0)
                        return &t->devices[middle];
                if (order < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        return NULL;
}

uint64_t tracked_arrives_until(const struct tracked *t, const struct device *d) {
        uint64_t until = d->n_channels == 0 ? t->arrived + ARRIVAL_USEC : 0;

        if (d->unreadable && t->unreadable + ARRIVAL_USEC > until)
                until = t->unreadable + ARRIVAL_USEC;
        return until;
}

bool tracked_is_arriving(const struct tracked *t, const struct device *d, uint64_t now) {
        return now < tracked_arrives_until(t, d);
}

uint64_t tracked_next_try(const struct tracked *t, uint64_t now) {
        uint64_t delay = BACK_OFF_FIRST_USEC;

        if (t->tries == 0 || now - t->last_try > QUIET_USEC)
                return now;
        for (unsigned i = 1; i < t->tries && delay < BACK_OFF_MAX_USEC; i++)
                delay *= 2;
        return t->last_try + (delay < BACK_OFF_MAX_USEC ? delay : BACK_OFF_MAX_USEC);
}

void tracked_set_problem(struct tracked *t, const char *why) {
        snprintf(t->problem, sizeof(t->problem), "%.*s", (int)sizeof(t->problem) - 1, why);
}
