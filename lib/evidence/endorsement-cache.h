/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Endorsements kept in a folder, one file for each chip and TCB: a line "cvmd-endorsements 1 FETCHED
 * EXPIRES", both in seconds since 1970, and behind it THIM's answer as it came. What is read is parsed and
 * checked like an answer that has just come, so that whoever writes there can withhold endorsements, and no
 * more.
 *
 * Lifetimes are told by the guest's clock, which the host can move. That may cost a request or save one; it
 * makes no endorsement good for another chip or TCB.
 */
#include "lib/evidence/endorsements.h"

#define ENDORSEMENT_CACHE_FILES_MAX 16 /* the oldest go */

struct cached_endorsements {
        struct endorsements endorsements;
        uint64_t fetched, expires; /* seconds since 1970; expires is never after the certificates */
};

void cached_endorsements_done(struct cached_endorsements *c);

/* A file of the cache, from its bytes. -EBADMSG. */
int endorsement_cache_parse(const char *text, size_t n, struct cached_endorsements *ret, struct diag *d);

/*
 * -ENODATA when there are none; what endorsements_check() says of them, -EBADMSG for a damaged file. What is
 * over its lifetime is answered all the same: see endorsement_cache_age().
 */
int endorsement_cache_load(int folder, const struct endorsed *for_what, uint64_t now,
        struct cached_endorsements *ret, struct diag *d);

/* Keeps an answer that has been checked. Replaced atomically; other files make room. */
int endorsement_cache_store(int folder, const struct endorsed *for_what, const char *answer, size_t n,
        const struct cached_endorsements *c, struct diag *d);

enum endorsement_age {
        ENDORSEMENTS_FRESH,
        ENDORSEMENTS_AGEING, /* good, but in the last quarter of their lifetime: to be fetched ahead of need
                              */
        ENDORSEMENTS_OVER,   /* to be fetched; also when fetched in what is now the future */
};

enum endorsement_age endorsement_cache_age(const struct cached_endorsements *c, uint64_t now);

/* When endorsements fetched now are over. */
uint64_t endorsement_cache_expiry(const struct endorsements *e, uint64_t now);
