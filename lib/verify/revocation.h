/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificates that their issuer took back: lists of them (CRLs), which come as files, never over the
 * network. */
#include "lib/verify/certificate.h"
#include "lib/verify/check.h"
#include "lib/verify/roots.h"

struct revocation;

int revocation_new(struct revocation **ret);
void revocation_free(struct revocation *r);
DEFINE_FREEP(struct revocation, revocation_free)

/*
 * Adds lists: one in DER, or any number in PEM; what names them in messages. -EBADMSG for anything else, and
 * for a list without an end; -EOPNOTSUPP for one of a part, of changes, or by somebody else than the issuer;
 * -E2BIG for too many.
 */
int revocation_add(struct revocation *r, const char *what, const void *bytes, size_t n, struct diag *d);

/*
 * Notes as CHECK_REVOCATION whether a certificate of this chain, which has been verified, was revoked, by
 * lists that are good at that time (seconds since 1970). A list that ended before it is a failure; none at
 * all (r NULL), or none by one of the issuers: unavailable. Remembers whose key signed a list.
 */
void revocation_check(struct revocation *r, const struct certificates *chain, const struct root *root,
        int64_t at, struct checks *c);
