/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The paravisor's report: whether the hardware's report covers the claims in it. */
#include "lib/verify/anchors.h"
#include "lib/verify/check.h"
#include "lib/verify/evidence.h"

/* Notes how claims and hardware report hang together; whether the latter is genuine is checked elsewhere. */
void hcl_verify(const struct evidence *e, const struct anchors *a, struct checks *c);
