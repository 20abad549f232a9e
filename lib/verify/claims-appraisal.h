/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd itself says, beside what was expected. It is self-asserted: it counts as far as the quote covers
 * it and the guest's measured boot covers this cvmd.
 */
#include "lib/verify/evidence.h"
#include "lib/verify/expectation.h"

/* at: seconds since 1970. */
void claims_appraise(const struct evidence *e, const struct expectation *x, int64_t at, struct checks *c);
