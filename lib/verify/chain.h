/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Chains of certificates, strictly: the leaf first, each followed by the one that issued it, and nothing
 * else. The last is a pinned root, or was issued by one that a folder brought.
 */
#include "lib/verify/check.h"
#include "lib/verify/roots.h"

/* Under which names the findings are noted. */
struct chain_checks {
        enum check_id chain, root, validity;
};

/*
 * Notes what it finds, signatures being verified once for as long as a certificate is in the cache. *ret is
 * the root, or NULL when the chain does not lead to one. at: seconds since 1970.
 */
bool chain_verify(const struct certificates *chain, enum root_vendor vendor, const struct roots *roots,
        int64_t at, const struct chain_checks *ids, struct checks *c, const struct root **ret);

/* How many certificates from the first one on follow each other by name. */
size_t chain_length(struct certificate *const *certificates, size_t n);
