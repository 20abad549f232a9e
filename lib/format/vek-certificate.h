/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What AMD's extensions say in a VCEK or VLEK certificate. Source: AMD 57230, "Versioned Chip Endorsement
 * Key (VCEK) certificate and KDS interface", OIDs 1.3.6.1.4.1.3704.1.
 */
#include <openssl/x509.h>

#include "lib/format/snp-report.h"

struct vek_certificate {
        enum snp_product product; /* from the product name; its stepping is dropped */
        char product_name[32];
        struct snp_tcb tcb;
        size_t n_hwid; /* 64 bytes, Turin 8; 0: a VLEK, which has a CSP id instead */
        uint8_t hwid[SNP_CHIP_ID_SIZE];
        char csp_id[64];
};

/* HWIDs are taken raw and wrapped in an OCTET STRING. -EBADMSG for what is missing, twice, or malformed. */
int vek_certificate_parse(X509 *certificate, struct vek_certificate *ret, struct diag *d);
