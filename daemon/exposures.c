/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An event is stamped when it is received, and told at once if its device is known; else it waits for the
 * look that meets the device. An event that came late, about what a re-read has shown to be over, tells
 * nothing: the kernel's numbers say so.
 */
#include "daemon/exposures.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "lib/base/json-build.h"
#include "lib/enforce/exposure-json.h"

#define EARLY_MAX 4096 /* between two looks; the kernel has 2,048 channels at most */

struct early_event {
        struct guid instance;
        enum uevent_action action;
        uint64_t at;
};

static void early_clear(struct exposures *x) {
        free(x->events);
        *x = (struct exposures){};
}

void exposures_done(struct manager *m) {
        if (m->picture)
                exposures_keep(m, now_usec(CLOCK_BOOTTIME));
        early_clear(&m->exposures);
        offer_trace_free(m->offers);
}

int exposures_init(struct manager *m) {
        return offer_trace_new(m->o.root, &m->offers);
}

void exposures_lost(struct manager *m) {
        early_clear(&m->exposures);
        m->exposures.incomplete = true;
}

static void early_add(struct manager *m, const struct uevent *e, uint64_t at) {
        struct exposures *x = &m->exposures;
        struct early_event *bigger;

        if (x->incomplete)
                return;
        /* grows by doubling: the capacity is the next power of two */
        if ((x->n & (x->n - 1)) == 0) {
                bigger = x->n < EARLY_MAX ? reallocarray(x->events, x->n ? x->n * 2 : 1, sizeof(*bigger))
                                          : NULL;
                if (!bigger) {
                        exposures_lost(m);
                        return;
                }
                x->events = bigger;
        }
        x->events[x->n++] = (struct early_event){ .instance = e->instance, .action = e->action, .at = at };
}

static void tell(struct exposure *e, enum uevent_action action, uint64_t at) {
        if (action == UEVENT_BIND)
                exposure_bound(e, at);
        else if (action == UEVENT_UNBIND)
                exposure_unbound(e, at);
}

/* Until the helper says when it was unbound, or has not for long. */
static bool is_being_blocked(const struct tracked *t) {
        return t->running == PLAN_BLOCK && !t->hangs;
}

void exposures_event(struct manager *m, const struct uevent *e, struct tracked *t) {
        struct watched *w = t ? &t->watched : NULL;
        uint64_t at = now_usec(CLOCK_BOOTTIME);

        if (e->subject != UEVENT_DEVICE)
                return;
        if (w && (e->action == UEVENT_ADD || e->action == UEVENT_REMOVE))
                w->moved = true;
        if (!w || !w->begun || w->moved)
                early_add(m, e, at);
        else if (e->action == UEVENT_UNBIND && is_being_blocked(t))
                w->unbound = at;
        else if (e->seqnum > w->uevents)
                tell(&w->exposure, e->action, at);
}

/* Index of the first event that is about the object that is there now; *ret_arrived: its arrival was seen.
 */
static size_t early_first(const struct exposures *x, const struct guid *instance, bool *ret_arrived) {
        *ret_arrived = false;
        for (size_t i = x->n; i > 0; i--) {
                const struct early_event *e = &x->events[i - 1];

                if ((e->action != UEVENT_ADD && e->action != UEVENT_REMOVE) ||
                        !guid_equal(&e->instance, instance))
                        continue;
                *ret_arrived = e->action == UEVENT_ADD;
                return i;
        }
        return 0;
}

/* What an earlier cvmd kept of the same object. */
static bool take_up(struct manager *m, struct tracked *t) {
        _cleanup_(freep) char *line = NULL;
        struct exposure e;
        struct diag d = {};
        int r = note_read(m->o.state->folder, NOTE_EXPOSURE, &t->instance, &line, &d);

        if (r == -ENODATA)
                return false;
        if (r >= 0)
                r = exposure_parse(line, now_usec(CLOCK_BOOTTIME), &e, &d);
        if (r < 0) {
                log_warning("the exposure of a device is not known any more: %s", d.text);
                return false;
        }
        if (e.relid != t->relid || e.inode != t->inode)
                return false;
        t->watched = (struct watched){ .exposure = e, .begun = true };
        return true;
}

/* The kernel's time of its offer. One that does not come before we saw it is of another device. */
static void find_offer(struct manager *m, struct tracked *t, uint64_t looked) {
        struct exposure *e = &t->watched.exposure;
        bool since_boot;
        uint64_t usec = offer_trace_find(m->offers, t->relid, &t->instance, &since_boot);

        if (usec > 0 && usec <= looked)
                exposure_offered(e, usec, since_boot ? STAMP_BOOT_TRACE : STAMP_OFFER_TRACE);
}

static bool is_new(const struct tracked *t) {
        const struct watched *w = &t->watched;

        return !w->begun || w->exposure.relid != t->relid || w->exposure.inode != t->inode;
}

static void begin(struct manager *m, struct tracked *t, uint64_t looked) {
        struct watched *w = &t->watched;
        bool arrived, new = is_new(t);
        size_t first;

        if (!new && !w->moved)
                return;
        first = early_first(&m->exposures, &t->instance, &arrived);
        if (new && (m->picture || !take_up(m, t))) {
                *w = (struct watched){ .begun = true };
                exposure_begin(&w->exposure, t->relid, t->inode, arrived);
                find_offer(m, t, looked);
        }
        w->moved = false;
        for (size_t i = first; i < m->exposures.n; i++)
                if (guid_equal(&m->exposures.events[i].instance, &t->instance))
                        tell(&w->exposure, m->exposures.events[i].action, m->exposures.events[i].at);
}

/* Of devices that went while no cvmd was there. */
static void forget_gone(struct manager *m) {
        _cleanup_(notes_done) struct notes notes = {};
        int folder = m->o.state->folder;

        if (notes_list(folder, NOTE_EXPOSURE, &notes, NULL) < 0)
                return;
        for (size_t i = 0; i < notes.n; i++)
                if (!tracking_find(&m->tracking, &notes.notes[i].instance))
                        (void)note_remove(folder, NOTE_EXPOSURE, &notes.notes[i].instance, NULL);
}

/* A number that differs where the decision does, as far as anybody would call it another one. */
static uint32_t number_of(const struct decision *d) {
        return (uint32_t)d->action << 2 | (d->protected ? 2 : 0) | (d->violates ? 1 : 0);
}

static uint32_t number_of_facts(const struct device *d) {
        return (uint32_t)d->n_channels << 4 | (uint32_t)d->ring << 2 | (uint32_t)d->dma;
}

/* A connection is no device: thousands come and go, and none is ever blocked. */
static bool is_watched(const struct device *d) {
        return !d->hvsock;
}

/* Only where there is somebody to tell: it takes a file or two. */
static void read_offers(struct manager *m, const struct picture *p) {
        for (size_t i = 0; i < m->tracking.n; i++)
                if (is_watched(&p->guest->devices[i]) && is_new(&m->tracking.devices[i])) {
                        if (!m->picture)
                                offer_trace_adopt(m->offers);
                        offer_trace_read(m->offers);
                        return;
                }
}

void exposures_follow(struct manager *m, struct picture *p, const struct arrivals *arrivals, uint64_t now) {
        if (!m->picture)
                forget_gone(m);
        read_offers(m, p);
        for (size_t i = 0; i < p->guest->n_devices; i++) {
                const struct device *device = &p->guest->devices[i];
                const struct decision *decision = &p->evaluation->decisions[i];
                struct tracked *t = &m->tracking.devices[i];
                const struct exposure_look look = {
                        .began = p->began,
                        .looked = p->looked,
                        .judged = p->judged,
                        .bound = device->driver || (t->watched.exposure.bound && is_being_blocked(t)),
                        .undecided = tracked_is_arriving(t, device, now),
                        .violates = decision->violates,
                        .decision = number_of(decision),
                        .facts = number_of_facts(device),
                };

                if (!is_watched(device) || (arrivals && !arrivals_has(arrivals, &device->instance)))
                        continue;
                begin(m, t, p->looked);
                exposure_look(&t->watched.exposure, &look);
                p->devices[i].exposure = t->watched.exposure;
        }
        if (!arrivals) /* else there may be some of those that were not looked at */
                early_clear(&m->exposures);
}

void exposures_ended(struct tracked *t, const struct apply_result *result) {
        struct watched *w = &t->watched;

        if (!w->begun || w->moved)
                return;
        if (result) {
                exposure_blocked(&w->exposure, result->began, result->confirmed);
                w->uevents = result->uevents;
        } else if (w->unbound > 0)
                exposure_unbound(&w->exposure, w->unbound);
        w->unbound = 0;
}

int exposures_explain(const struct exposure *e, struct json_object *explanation) {
        struct exposure_sum sum = exposure_sum(e, now_usec(CLOCK_BOOTTIME));

        if (json_add(explanation, "times", exposure_times_json(e->times)) &&
                json_add(explanation, "exposure", exposure_sum_json(&sum)))
                return 0;
        json_object_put(explanation);
        return -ENOMEM;
}

/* Whether a reader of the state folder would miss something. */
static bool is_kept(const struct watched *w) {
        const struct exposure *a = &w->exposure, *b = &w->kept;

        return a->relid == b->relid && a->inode == b->inode && a->bound == b->bound &&
                a->judged == b->judged && a->violates == b->violates && a->least == b->least &&
                a->most == b->most && a->most_unknown == b->most_unknown && exposure_same_moments(a, b);
}

static int keep(struct manager *m, struct tracked *t, uint64_t until, struct diag *d) {
        _cleanup_(freep) char *line = NULL;
        int r = exposure_format(&t->watched.exposure, until, &line);

        if (r < 0)
                return diag_errno(d, r, "exposure");
        r = note_write(m->o.state->folder, NOTE_EXPOSURE, &t->instance, line, d);
        if (r >= 0)
                t->watched.kept = t->watched.exposure;
        return r;
}

void exposures_arm(struct manager *m) {
        struct diag d = {};
        int r = m->exposures_untraced ? 0 : offer_trace_arm(m->offers, &d);

        if (r >= 0 || r == -EAGAIN)
                return;
        m->exposures_untraced = true;
        log_warning("the times of offers are not known: %s", d.text);
}

void exposures_keep(struct manager *m, uint64_t until) {
        for (size_t i = 0; i < m->tracking.n; i++) {
                struct tracked *t = &m->tracking.devices[i];
                struct diag d = {};

                if (!t->watched.begun)
                        continue;
                if (is_kept(&t->watched) && (until == 0 || !exposure_is_ongoing(&t->watched.exposure)))
                        continue;
                if (keep(m, t, until, &d) >= 0)
                        m->exposures_unkept = false;
                else if (!m->exposures_unkept) {
                        m->exposures_unkept = true;
                        log_error("the exposure of devices cannot be kept for a restart: %s", d.text);
                }
        }
}
