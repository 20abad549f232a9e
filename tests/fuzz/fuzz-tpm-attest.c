/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three structures of a TPM that are parsed, each from the same bytes. */
#include "lib/format/tpm-attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        struct tpm_attest a;
        struct tpm_signature s;
        struct tpm_public p;

        (void)tpm_attest_parse(bytes, n, &a, NULL);
        (void)tpm_signature_parse(bytes, n, &s, NULL);
        (void)tpm_public_parse(bytes, n, &p, NULL);
        return 0;
}
