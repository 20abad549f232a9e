/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether a TDX platform and its quoting enclave are what Intel says is good, by collateral that comes as
 * files. What the statuses of a TCB mean here:
 *   UpToDate                           trusted
 *   Revoked                            neither trusted nor authentic: keys of that level may be known
 *   every other (SWHardeningNeeded, ConfigurationNeeded, OutOfDate, ...)
 *                                      authentic, and not trusted: genuine, with known weaknesses; trusted
 *                                      where it is expected ("tdx-tcb" of an expectation)
 */
#include "lib/format/tdx-quote.h"
#include "lib/verify/anchors.h"

struct tdx_collateral;

int tdx_collateral_new(struct tdx_collateral **ret);
void tdx_collateral_free(struct tdx_collateral *t);
DEFINE_FREEP(struct tdx_collateral, tdx_collateral_free)

/*
 * Adds a file: TCB info, QE identity, or the chain of certificates that signed both (PEM, leaf first), in
 * any order. what names it in messages. -EBADMSG for anything else; -E2BIG for too many.
 */
int tdx_collateral_add(struct tdx_collateral *t, struct certificate_cache *cache, const char *what,
        const void *bytes, size_t n, struct diag *d);

/*
 * Notes tdx-tcb and qe-identity, and a revoked TCB as revocation. pck is the quote's own certificate, whose
 * chain is verified elsewhere. t NULL: none was given. The signatures of collateral are verified once.
 */
void tdx_collateral_verify(struct tdx_collateral *t, const struct tdx_quote *quote, struct certificate *pck,
        const struct anchors *a, struct checks *c);
