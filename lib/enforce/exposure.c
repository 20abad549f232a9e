/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device is exposed while it is bound and violates. Of the begin and the end of either, two instants are
 * kept: by the one it was so for certain, before the other it was not. What lies between the inner ones is
 * the least, between the outer ones the most.
 */
#include "lib/enforce/exposure.h"

#include "lib/base/name-table.h"

static const char *const moments[] = {
        [EXPOSURE_OFFERED] = "offered",
        [EXPOSURE_BOUND] = "bound",
        [EXPOSURE_SEEN] = "seen",
        [EXPOSURE_DECIDED] = "decided",
        [EXPOSURE_BLOCKED] = "blocked",
};
_Static_assert(N_NAMES(moments) == _EXPOSURE_MOMENT_MAX, "every moment has a name");

static const char *const sources[] = {
        [STAMP_UNKNOWN] = "unknown",
        [STAMP_OFFER_TRACE] = "offer-trace",
        [STAMP_BOOT_TRACE] = "boot-trace",
        [STAMP_UEVENT] = "uevent",
        [STAMP_CVMD] = "cvmd",
        [STAMP_BEFORE_SEEN] = "before-seen",
};
_Static_assert(N_NAMES(sources) == _STAMP_SOURCE_MAX, "every source has a name");

const char *exposure_moment_to_string(enum exposure_moment m) {
        return name_of(moments, N_NAMES(moments), m);
}

int exposure_moment_from_string(const char *word) {
        return name_find(moments, N_NAMES(moments), word);
}

const char *stamp_source_to_string(enum stamp_source s) {
        return name_of(sources, N_NAMES(sources), s);
}

int stamp_source_from_string(const char *word) {
        return name_find(sources, N_NAMES(sources), word);
}

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static uint64_t between(uint64_t from, uint64_t to) {
        return to > from ? to - from : 0;
}

bool exposure_is_ongoing(const struct exposure *e) {
        return e->bound && e->judged && e->violates;
}

/* Exposed for certain from here on. */
static uint64_t begun_by(const struct exposure *e) {
        return later(e->bound_since, e->violates_since);
}

/* Not exposed before; 0: not known. */
static uint64_t begun_after(const struct exposure *e) {
        return later(e->bound_after ?: e->times[EXPOSURE_OFFERED].usec, e->violates_after);
}

/* Adds what has ended; nothing when it was not going on. */
static void end(struct exposure *e, uint64_t exposed_at, uint64_t ended_by) {
        if (!exposure_is_ongoing(e))
                return;
        e->least += between(begun_by(e), exposed_at);
        if (begun_after(e) == 0)
                e->most_unknown = true;
        else
                e->most += between(begun_after(e), ended_by);
}

void exposure_begin(struct exposure *e, uint32_t relid, uint64_t inode, bool seen_arriving) {
        *e = (struct exposure){ .relid = relid, .inode = inode, .dark = !seen_arriving };
}

void exposure_offered(struct exposure *e, uint64_t at, enum stamp_source source) {
        e->times[EXPOSURE_OFFERED] = (struct stamp){ .usec = at, .source = source };
}

void exposure_bound(struct exposure *e, uint64_t at) {
        struct stamp *stamp = &e->times[EXPOSURE_BOUND];

        if (e->bound) { /* a look was faster than the event; but so it was a short while ago */
                if (stamp->source == STAMP_BEFORE_SEEN && e->bound_since < at)
                        *stamp = (struct stamp){ .usec = e->bound_since, .source = STAMP_CVMD };
                return;
        }
        e->bound = true;
        e->bound_since = at;
        e->bound_after = e->unbound_at;
        e->until = at;
        *stamp = (struct stamp){ .usec = at, .source = STAMP_UEVENT };
        e->times[EXPOSURE_BLOCKED] = (struct stamp){};
}

void exposure_unbound(struct exposure *e, uint64_t at) {
        if (!e->bound)
                return;
        end(e, at, at);
        e->bound = false;
        e->unbound_at = at;
}

/* It is bound, and nothing was heard of that. */
static void find_bound(struct exposure *e, const struct exposure_look *l) {
        bool before = e->dark && e->times[EXPOSURE_SEEN].usec == 0;

        e->bound = true;
        e->bound_since = l->looked;
        e->bound_after = e->unbound_at;
        e->times[EXPOSURE_BOUND] = before ? (struct stamp){ .source = STAMP_BEFORE_SEEN }
                                          : (struct stamp){ .usec = l->looked, .source = STAMP_CVMD };
}

static void look_at_binding(struct exposure *e, const struct exposure_look *l) {
        if (l->bound && !e->bound)
                find_bound(e, l);
        else if (l->bound && e->bound_since == UINT64_MAX)
                e->bound_since = l->looked; /* taken up again, see exposure_parse() */
        else if (!l->bound && e->bound) {
                end(e, e->until, l->looked);
                e->bound = false;
        }
        if (l->bound)
                e->times[EXPOSURE_BLOCKED] = (struct stamp){};
        else
                e->unbound_at = l->began;
}

/* Before anybody looked it may have been bound, and have violated the same. */
static void judge_first(struct exposure *e, const struct exposure_look *l) {
        uint64_t offered = e->times[EXPOSURE_OFFERED].usec;

        e->judged = true;
        e->violates = l->violates;
        if (!e->violates || !e->dark || e->bound)
                return;
        if (offered == 0)
                e->most_unknown = true;
        else
                e->most += between(offered, l->began);
}

/* By another decision about the same facts: now. By other facts: at some time since the last look. */
static void judge_again(struct exposure *e, const struct exposure_look *l) {
        bool same_facts = l->facts == e->facts;

        if (e->violates == l->violates)
                return;
        if (l->violates) {
                e->violates_since = l->judged;
                e->violates_after = same_facts ? l->judged : e->clear_at;
        } else
                end(e, same_facts ? l->judged : e->until, l->judged);
        e->violates = l->violates;
}

void exposure_look(struct exposure *e, const struct exposure_look *l) {
        look_at_binding(e, l);
        if (e->times[EXPOSURE_SEEN].usec == 0)
                e->times[EXPOSURE_SEEN] = (struct stamp){ .usec = l->looked, .source = STAMP_CVMD };
        if (!l->undecided) {
                if (!e->judged || e->decision != l->decision)
                        e->times[EXPOSURE_DECIDED] =
                                (struct stamp){ .usec = l->judged, .source = STAMP_CVMD };
                if (e->judged)
                        judge_again(e, l);
                else
                        judge_first(e, l);
                e->decision = l->decision;
                e->facts = l->facts;
                if (!l->violates) {
                        e->clear_at = l->began;
                        e->times[EXPOSURE_BLOCKED] = (struct stamp){};
                }
        }
        if (exposure_is_ongoing(e))
                e->until = later(e->until, l->began);
}

void exposure_blocked(struct exposure *e, uint64_t began, uint64_t confirmed) {
        struct stamp *bound = &e->times[EXPOSURE_BOUND];

        if (e->bound) {
                if (bound->usec > began) /* whoever learned of it was slower than the helper */
                        *bound = (struct stamp){ .usec = began, .source = STAMP_CVMD };
                end(e, began, confirmed);
                e->bound = false;
        }
        e->unbound_at = began;
        if (e->times[EXPOSURE_BLOCKED].usec == 0)
                e->times[EXPOSURE_BLOCKED] = (struct stamp){ .usec = confirmed, .source = STAMP_CVMD };
}

bool exposure_same_moments(const struct exposure *a, const struct exposure *b) {
        for (size_t i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                if (a->times[i].usec != b->times[i].usec || a->times[i].source != b->times[i].source)
                        return false;
        return true;
}

struct exposure_sum exposure_sum(const struct exposure *e, uint64_t now) {
        struct exposure done = *e;

        end(&done, now, now);
        if (e->times[EXPOSURE_SEEN].usec == 0) /* and so nothing is known */
                done.most_unknown = true;
        return (struct exposure_sum){
                .least = done.least,
                .most = done.most_unknown ? 0 : done.most,
                .most_known = !done.most_unknown,
                .ongoing = exposure_is_ongoing(e),
        };
}
