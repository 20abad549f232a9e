/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reports of SEV-SNP: whether AMD's hardware made them, on a chip and with the firmware that the key says.
 */
#include "lib/verify/anchors.h"
#include "lib/verify/check.h"

/*
 * chain: VCEK or VLEK, ASK, ARK; may be empty. Notes every check there is of a report by itself. Returns the
 * product, which the certificate alone may name; 0: it is not known.
 */
enum snp_product snp_verify(const struct snp_report *report, const struct certificates *chain,
        const struct anchors *a, struct checks *c);
