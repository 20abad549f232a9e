/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source of the rules: Intel TDX DCAP quoting library API, appendix A.3 and A.4; TDX module ABI. */
#include "lib/verify/tdx-verify.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "lib/verify/chain.h"
#include "lib/verify/tdx-collateral.h"

#define SHA384_SIZE 48
#define P256_SIZE 32

static const struct chain_checks pck_checks = {
        .chain = CHECK_PCK_CHAIN,
        .root = CHECK_INTEL_ROOT,
        .validity = CHECK_PCK_VALIDITY,
};

static bool is_pair(struct span signature) {
        return signature.n == (size_t)2 * P256_SIZE;
}

/* The attestation key signed the TD's measurements. */
static void verify_signature(const struct tdx_quote *quote, const struct anchors *a, struct checks *c) {
        const uint8_t *pair = quote->signature.bytes;
        EVP_PKEY *key;

        if (signature_p256_key(a->signatures, quote->attestation_key.bytes, &key) < 0) {
                check_note(c, CHECK_TD_QUOTE_SIGNATURE, CHECK_FAIL,
                        "the attestation key is no point on P-256");
                return;
        }
        check_that(c, CHECK_TD_QUOTE_SIGNATURE,
                is_pair(quote->signature) &&
                        signature_ecdsa_good(a->signatures, key, PCR_SHA256, pair, pair + P256_SIZE,
                                P256_SIZE, quote->signed_part.bytes, quote->signed_part.n),
                "ECDSA P-256 by the attestation key over %zu bytes", quote->signed_part.n);
}

/* The quoting enclave vouches for the attestation key: report data = SHA-256(key || auth) || 0. */
static void verify_binding(const struct tdx_quote *quote, struct checks *c) {
        _cleanup_(freep) uint8_t *hashed = malloc(64 + quote->qe_auth.n);
        uint8_t expected[64] = {};
        struct digest digest;

        if (!hashed) {
                check_note(c, CHECK_QE_BINDING, CHECK_FAIL, "out of memory");
                return;
        }
        memcpy(hashed, quote->attestation_key.bytes, 64);
        if (quote->qe_auth.n > 0)
                memcpy(hashed + 64, quote->qe_auth.bytes, quote->qe_auth.n);
        if (digest_sha256(hashed, 64 + quote->qe_auth.n, &digest) < 0) {
                check_note(c, CHECK_QE_BINDING, CHECK_FAIL, "OpenSSL cannot compute SHA-256");
                return;
        }
        memcpy(expected, digest.bytes, sizeof(digest.bytes));
        check_that(c, CHECK_QE_BINDING, CRYPTO_memcmp(expected, quote->qe_report.report_data, 64) == 0,
                "the quoting enclave's report names the attestation key");
}

/* One for each enclave and platform: the same comes with every quote. */
static void verify_qe(const struct tdx_quote *quote, const struct certificate *pck, const struct anchors *a,
        struct checks *c) {
        const uint8_t *pair = quote->qe_signature.bytes;

        check_that(c, CHECK_QE_SIGNATURE,
                is_pair(quote->qe_signature) &&
                        signature_ecdsa_good_again(a->signatures, &pck->fingerprint, pck->key, PCR_SHA256,
                                pair, pair + P256_SIZE, P256_SIZE, quote->qe_report_bytes.bytes,
                                quote->qe_report_bytes.n),
                "the quoting enclave's report, by the key of %s", certificate_name(pck).text);
}

int tdx_verify(const struct tdx_quote *quote, const struct anchors *a, struct checks *c, struct diag *d) {
        _cleanup_(certificates_done) struct certificates chain = {};
        const struct root *root;
        int r;

        r = certificates_add(&chain, a->cache, "TD quote: certificates", CERTIFICATE_PEM,
                quote->certificates.bytes, quote->certificates.n, d);
        if (r < 0)
                return r;
        verify_signature(quote, a, c);
        verify_binding(quote, c);
        verify_qe(quote, chain.of[0], a, c);
        chain_verify(&chain, ROOT_INTEL, a->roots, a->at, &pck_checks, c, &root);
        tdx_collateral_verify(a->collateral, quote, chain.of[0], a, c);
        revocation_check(a->revocation, &chain, root, a->at, c);
        return 0;
}

static bool sha384_is(const struct anchors *a, struct span bytes, const uint8_t expected[SHA384_SIZE]) {
        uint8_t digest[SHA384_SIZE];

        return signature_hash(a->signatures, PCR_SHA384, bytes.bytes, bytes.n, digest) &&
                CRYPTO_memcmp(digest, expected, SHA384_SIZE) == 0;
}

/* Field by field: there may be bytes in between that are nobody's. */
static const char *difference(const struct tdx_measurements *a, const struct tdx_measurements *b) {
        if (a->attributes != b->attributes)
                return "attributes";
        if (a->xfam != b->xfam)
                return "xfam";
        if (memcmp(a->mrtd, b->mrtd, sizeof(a->mrtd)) != 0)
                return "mrtd";
        if (memcmp(a->mrconfigid, b->mrconfigid, sizeof(a->mrconfigid)) != 0)
                return "mrconfigid";
        if (memcmp(a->mrowner, b->mrowner, sizeof(a->mrowner)) != 0)
                return "mrowner";
        if (memcmp(a->mrownerconfig, b->mrownerconfig, sizeof(a->mrownerconfig)) != 0)
                return "mrownerconfig";
        return memcmp(a->rtmr, b->rtmr, sizeof(a->rtmr)) != 0 ? "rtmr" : NULL;
}

void tdx_report_verify(const struct tdx_report *report, const struct tdx_quote *quote,
        const struct anchors *a, struct checks *c) {
        const char *differs = quote ? difference(&report->td, &quote->td) : NULL;

        check_that(c, CHECK_TD_REPORT_HASHES,
                sha384_is(a, report->tee_tcb_info, report->tee_tcb_info_hash) &&
                        sha384_is(a, report->td_info, report->tee_info_hash),
                "SHA-384 of the TDREPORT's parts; its MAC can be checked on its platform alone");
        if (differs)
                check_note(c, CHECK_TD_REPORT_QUOTE, CHECK_FAIL, "TDREPORT and TD quote differ in %s",
                        differs);
        else if (quote)
                check_note(c, CHECK_TD_REPORT_QUOTE, CHECK_PASS, "TDREPORT and TD quote measure the same");
}
