/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What Intel's extension says in the certificate of a platform's key (PCK). Source: Intel SGX PCK
 * certificate and CRL specification, section 1.3.5, OID 1.2.840.113741.1.13.1.
 */
#include <openssl/x509.h>

#include "lib/base/diag.h"
#include "lib/format/span.h"

#define SGX_COMPONENTS 16

struct pck_certificate {
        uint8_t fmspc[6], pce_id[2];
        uint8_t sgx_svn[SGX_COMPONENTS];
        uint16_t pce_svn;
};

/* -EBADMSG for what is missing, twice, or malformed; parts of the extension that are not read here may be
 * anything. */
int pck_certificate_parse(const X509 *certificate, struct pck_certificate *ret, struct diag *d);
