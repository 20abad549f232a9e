/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCB info and QE identity come as files from whoever hands them on. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/format/tdx-collateral.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};

        if (tdx_collateral_file_parse((const char *)data, size, "fuzz", &f, NULL) < 0)
                return 0;
        /* what is signed lies within, and is an object */
        if (f.body.bytes < data || f.body.n > size - (size_t)(f.body.bytes - data) ||
                f.body.bytes[0] != '{' || f.body.bytes[f.body.n - 1] != '}')
                abort();
        return 0;
}
