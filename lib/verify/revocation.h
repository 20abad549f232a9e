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

/* Adds one list, PEM or DER; what names it in messages. -EBADMSG for anything else. */
int revocation_add(struct revocation *r, const char *what, const void *bytes, size_t n, struct diag *d);

/*
 * Notes as CHECK_REVOCATION whether a certificate of this chain, which has been verified, was revoked at
 * that time (seconds since 1970). No list at all: unavailable.
 */
void revocation_check(const struct revocation *r, const struct certificates *chain, const struct root *root,
        int64_t at, struct checks *c);
