/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/helper-options.h"

#include <errno.h>

#include "lib/base/number.h"

int helper_option_time(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t unit,
        uint64_t *ret, struct diag *d) {
        uint64_t value;

        if (number_parse(text, 10, max, &value) < 0 || value < min)
                return diag_fail(d, -EINVAL, "--%s=%s: %llu to %llu", name, text, (unsigned long long)min,
                        (unsigned long long)max);
        *ret = value * unit;
        return 0;
}
