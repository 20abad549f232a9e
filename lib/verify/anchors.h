/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a verification rests on: borrowed by everything that verifies. */
#include "lib/verify/revocation.h"
#include "lib/verify/roots.h"
#include "lib/verify/signature.h"

struct anchors {
        const struct roots *roots;
        struct revocation *revocation;     /* NULL: no lists */
        struct tdx_collateral *collateral; /* NULL: none */
        struct signatures *signatures;
        struct certificate_cache *cache;
        unsigned tdx_tcb; /* bits 1 << enum tcb_status that are accepted; 0: UpToDate alone */
        int64_t at;       /* the clock: seconds since 1970 */
};
