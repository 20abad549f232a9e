/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A confidential guest with all its keys, and the evidence that it gives: what the parts of this folder come
 * to together. A test changes any part before evidence is made, or a record of it afterwards.
 */
#include "lib/claims/binding.h"
#include "tests/forge/bundle.h"
#include "tests/forge/hcl.h"
#include "tests/forge/log.h"
#include "tests/forge/snp.h"
#include "tests/forge/tdx.h"

struct forge_guest {
        const struct forge_pki *pki;
        bool tdx;
        struct forge_snp snp;
        struct forge_td td;
        struct forge_quote quote;
        struct forge_pck pck;
        struct forge_claims runtime; /* user_data is set for each report */
        struct forge_hcl hcl;        /* hardware and claims likewise */
        struct forge_log log;
        EVP_PKEY *ak; /* borrowed from the PKI, as is the EK */
        uint32_t ak_attributes;
        uint16_t scheme;
        uint64_t clock;
        uint32_t selected;  /* registers that a quote is over */
        const char *claims; /* cvmd's own */

        /* Owned: */
        EVP_PKEY *vek;
        X509 *vek_certificate, *ak_certificate;
};

void forge_guest_init(struct forge_guest *g, const struct forge_pki *pki, enum snp_product product);
void forge_guest_init_tdx(struct forge_guest *g, const struct forge_pki *pki, uint16_t quote_version);
void forge_guest_done(struct forge_guest *g);

/* After a change of snp: another certificate for the chip, as its fields say; v NULL: those of the report.
 */
void forge_guest_certify(struct forge_guest *g, const struct forge_vek *v);

/* An HCL report with these 64 bytes in its claims; ret_td_quote may be NULL. */
struct forge_bytes forge_guest_hcl(struct forge_guest *g, const uint8_t user_data[static 64],
        struct forge_bytes *ret_td_quote);

/* The message and the signature of a quote. */
void forge_guest_quote(const struct forge_guest *g, const void *qualifying, size_t n,
        struct forge_bytes *ret_attest, struct forge_bytes *ret_signature);

/* The record "tpm-quote" of one. */
struct forge_bytes forge_guest_quote_record(const struct forge_guest *g, const void *qualifying, size_t n);

/*
 * All records of a bundle. `others` are bindings that share the report, and stand behind this one's. An
 * AK certificate and the chip's chain are among them.
 */
struct forge_ask {
        const void *nonce;
        size_t n_nonce;
        const void *bind;
        size_t n_bind;
        const struct digest *others;
        size_t n_others;
        const uint8_t *user_data; /* of a report that is not fresh: freshness "quote"; NULL: the batch's */
};
void forge_guest_evidence(struct forge_guest *g, const struct forge_ask *ask, struct forge_evidence *ret);

/* The whole way: evidence for a nonce as a bundle. */
struct forge_bytes forge_guest_bundle(struct forge_guest *g, const char *nonce, const char *bind);

/* Trustee's evidence over a raw nonce, without a tag, as its attesters make it. */
struct forge_bytes forge_guest_trustee(struct forge_guest *g, unsigned version, const char *nonce);
