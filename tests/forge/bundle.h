/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What evidence travels as: our bundles (a CMW collection, RFC 9999), and Trustee's JSON. */
#include <openssl/x509.h>

#include "lib/format/bundle-record.h"
#include "tests/forge/tpm.h"

/* Records by what they are; one without bytes is not there. */
struct forge_evidence {
        struct forge_bytes record[_BUNDLE_RECORD_MAX];
};

void forge_evidence_done(struct forge_evidence *e);

/* One line without an end. */
struct forge_bytes forge_bundle(const struct forge_evidence *e);

/* The record "tpm-quote"; public_area may be NULL. */
struct forge_bytes forge_quote_record(const struct forge_bytes *attest, const struct forge_bytes *signature,
        const struct forge_bytes *public_area, const struct forge_pcrs *pcrs, uint32_t selected);

/* Trustee's versions 0, 1, 2. vek or td_quote is NULL; signature is that of an RSA key, without its head. */
struct forge_trustee {
        unsigned version;
        const struct forge_bytes *message, *signature, *hcl_report, *td_quote;
        const struct forge_pcrs *pcrs;
        X509 *vek;
};
struct forge_bytes forge_trustee(const struct forge_trustee *t);
