/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A TDREPORT. */
#include "lib/format/tdx-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct tdx_report t;

        (void)tdx_report_parse(bytes, n, &t, NULL);
        return 0;
}
