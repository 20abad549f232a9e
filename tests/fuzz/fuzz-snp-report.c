/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report of SEV-SNP. */
#include "lib/format/snp-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct snp_report s;

        (void)snp_report_parse(bytes, n, &s, NULL);
        return 0;
}
