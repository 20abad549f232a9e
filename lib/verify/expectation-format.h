/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An expectation as a file, from evidence that is known to be good. */
#include "lib/verify/evidence.h"

/*
 * Names everything that evidence of the same guest will show again after a boot: measurement or ID key, TCB
 * and firmware as a minimum, policies, the configuration of the VM but for what names this one VM, PCRs,
 * policy, mode, state and verdicts. Verifies nothing. product: 0 where it is not known. The caller frees
 * *ret, which expectation_parse() takes. -ENOMEM.
 */
int expectation_format(const struct evidence *e, enum snp_product product, char **ret);
