/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Protection that is kept. A device that something depends on is not unbound because a route, an interface
 * or a mount is gone for a moment: it stays protected until the facts have said for KEEP_USEC on end, in
 * every look, that nothing depends on it any more. What the policy no longer asks for, what an administrator
 * decides by hand, and another device under the same name are no flaps and are not kept.
 *
 * Noted in the state folder, since a restart may well come at the same moment.
 */
#include "daemon/tracking.h"
#include "lib/policy/evaluation.h"

#define KEEP_USEC (10 * 1000 * (uint64_t)1000)

struct keep;

/* state: the folder's descriptor, borrowed. Takes over what is noted; -ENOMEM alone is a failure. */
int keep_new(int state, struct keep **ret, struct diag *d);
void keep_free(struct keep *k);
DEFINE_FREEP(struct keep, keep_free)

/* What is to be kept at that instant, for policy_evaluate(). Borrowed until the next call of any of these.
 */
const struct kept_protection *keep_list(struct keep *k, uint64_t now, size_t *ret_n);

/*
 * Goes along with an evaluation that had the list, and with tracking_follow() of the same look. *ret_next:
 * when to look again, UINT64_MAX for no reason to; it is now where something was kept of a device that is
 * another one. -ENOMEM.
 */
int keep_follow(struct keep *k, const struct guest *g, const struct evaluation *e, const struct tracking *t,
        uint64_t now, uint64_t *ret_next);
