/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The certificate of a platform comes within a quote, before anything is known of who signed it. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/format/pck-certificate.h"
#include "lib/format/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct pck_certificate p;
        X509 *certificate;

        if (certificate_parse(data, size, "fuzz", &certificate, NULL) < 0)
                return 0;
        (void)pck_certificate_parse(certificate, &p, NULL);
        X509_free(certificate);
        return 0;
}
