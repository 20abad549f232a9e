/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Evidence, whose authenticity was judged already, beside what was expected of it. */
#include "lib/verify/evidence.h"
#include "lib/verify/expectation.h"

/*
 * x: NULL for nothing, so that only what no good guest may show is judged. product: of the VEK certificate,
 * 0 when there is none. at: seconds since 1970.
 */
void appraise(const struct evidence *e, const struct expectation *x, enum snp_product product, int64_t at,
        struct checks *c);
