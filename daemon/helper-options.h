/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the command lines of cvmd-attest and cvmd-fetch have in common. */
#include <stdint.h>

#include "lib/base/diag.h"

/* --name=text: a number from min to max, times unit. -EINVAL. */
int helper_option_time(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t unit,
        uint64_t *ret, struct diag *d);
