/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The vTPM's quote: whether the AK signed it, what it covers, and whether the key is what it should be. */
#include "lib/verify/anchors.h"
#include "lib/verify/check.h"
#include "lib/verify/evidence.h"

/*
 * chain: the AK's certificate and those above it, as far as they are there; may be empty. Notes all checks
 * but AK_RESTRICTED. The evidence has a quote.
 */
void quote_verify(const struct evidence *e, const struct certificates *chain, const struct anchors *a,
        struct checks *c);

/*
 * Whether the AK can sign nothing but what its TPM made, once everything else is known: a report that is
 * younger than the nonce names it, or Azure certified it.
 */
void quote_verify_restricted(const struct evidence *e, bool report_is_fresh, struct checks *c);
