/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The way of one device from offer to verdict, and for how long it was exposed: bound to a driver while it
 * violated the policy. Pure: whoever learns something says so, with the time; what nobody learned stays
 * unknown, and the sum is a range with what is known on either side.
 *
 * All times are microseconds of CLOCK_BOOTTIME, which is the trace clock "boot" too; 0 is not known. They
 * are told in the order in which they were learned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

enum exposure_moment {
        EXPOSURE_OFFERED, /* the host offered it */
        EXPOSURE_BOUND,   /* the binding that holds, or the last one */
        EXPOSURE_SEEN,    /* cvmd first had its facts */
        EXPOSURE_DECIDED, /* the decision that stands was made */
        EXPOSURE_BLOCKED, /* the block that holds was confirmed by a re-read */
        _EXPOSURE_MOMENT_MAX,
};

enum stamp_source {
        STAMP_UNKNOWN,
        STAMP_OFFER_TRACE, /* the kernel's, in a trace instance of ours */
        STAMP_BOOT_TRACE,  /* the kernel's, in one that the kernel command line asked for */
        STAMP_UEVENT,      /* when cvmd received the uevent: a little later than it happened */
        STAMP_CVMD,        /* when cvmd saw or did it */
        STAMP_BEFORE_SEEN, /* no time: it was so when cvmd first looked */
        _STAMP_SOURCE_MAX,
};

struct stamp {
        uint64_t usec;
        enum stamp_source source;
};

/* Zero-initialised is a device of which nothing is known. To be changed by the functions below only. */
struct exposure {
        uint32_t relid; /* the object of the kernel that this is about: a new offer is another one */
        uint64_t inode;
        struct stamp times[_EXPOSURE_MOMENT_MAX];
        bool bound, judged, violates; /* as last learned */
        bool dark;         /* nobody of us was there when it came: it may have been bound and let go since */
        uint32_t decision; /* what tells decisions apart, and facts: the caller's numbers */
        uint32_t facts;
        uint64_t bound_since, bound_after;       /* learned by then; not before. 0: not known */
        uint64_t violates_since, violates_after; /* likewise; 0: for as long as there is the device */
        uint64_t unbound_at, clear_at;           /* last known not to be bound, not to violate */
        uint64_t until;                          /* last known to be exposed */
        uint64_t least, most;                    /* the sums of what has ended */
        bool most_unknown;
};

struct exposure_sum {
        uint64_t least, most; /* microseconds */
        bool most_known;      /* false: nobody knows when it began */
        bool ongoing;         /* still exposed: this is so far */
};

/* A new object: whether somebody of us saw it arrive. Times of its offer are told after this. */
void exposure_begin(struct exposure *e, uint32_t relid, uint64_t inode, bool seen_arriving);

/* The kernel traced its offer. */
void exposure_offered(struct exposure *e, uint64_t at, enum stamp_source source);

/* A uevent said so. */
void exposure_bound(struct exposure *e, uint64_t at);
void exposure_unbound(struct exposure *e, uint64_t at);

struct exposure_look {
        uint64_t began, looked; /* what was read was read between the two */
        uint64_t judged;
        bool bound;
        bool undecided; /* its facts are not complete yet: the rest says nothing */
        bool violates;
        uint32_t decision, facts;
};

/* What a look at the guest found, after all events that were received before it ended. */
void exposure_look(struct exposure *e, const struct exposure_look *l);

/* A re-read confirmed at `confirmed` the block that began to unbind at `began`. */
void exposure_blocked(struct exposure *e, uint64_t began, uint64_t confirmed);

/* Whether it is exposed, as far as is known. */
bool exposure_is_ongoing(const struct exposure *e);

/* Whether all moments are the same, and known from the same. */
bool exposure_same_moments(const struct exposure *a, const struct exposure *b);

struct exposure_sum exposure_sum(const struct exposure *e, uint64_t now);

/*
 * For the state folder: one line of text. What goes on is put down as known until `until`, 0 for as far as
 * the last look knew. The caller frees *ret. -ENOMEM.
 */
int exposure_format(const struct exposure *e, uint64_t until, char **ret);

/*
 * Takes up what an earlier cvmd kept. In between nobody looked: the range grows by that time on its upper
 * side only. -EBADMSG when it is not what exposure_format() writes, or tells of times after now.
 */
int exposure_parse(const char *line, uint64_t now, struct exposure *ret, struct diag *d);

const char *exposure_moment_to_string(enum exposure_moment m); /* offered bound seen decided blocked */
int exposure_moment_from_string(const char *word);             /* -EBADMSG */
/* unknown offer-trace boot-trace uevent cvmd before-seen */
const char *stamp_source_to_string(enum stamp_source s);
int stamp_source_from_string(const char *word); /* -EBADMSG */
