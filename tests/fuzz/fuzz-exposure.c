/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exposure of a device comes from an earlier run. What is taken must be written again as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/enforce/exposure.h"

#define NOW (UINT64_C(1) << 60)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *line = strndup((const char *)data, size), *once = NULL, *twice = NULL;
        struct exposure e;

        if (!line)
                abort();
        if (exposure_parse(line, NOW, &e, NULL) < 0)
                return 0;
        if (exposure_format(&e, 0, &once) < 0)
                abort();
        if (exposure_parse(once, UINT64_MAX, &e, NULL) < 0 || exposure_format(&e, 0, &twice) < 0)
                abort();
        if (strcmp(once, twice) != 0)
                abort();
        return 0;
}
