/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate, and AMD's extensions in it. */
#include "lib/format/vek-certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        const uint8_t *at = bytes;
        X509 *certificate = d2i_X509(NULL, &at, (long)n);
        struct vek_certificate v;

        if (certificate)
                (void)vek_certificate_parse(certificate, &v, NULL);
        X509_free(certificate);
        return 0;
}
