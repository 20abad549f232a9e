/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two checks that are easily left out: values are held against the quoted selection, not their position; and
 * the name in the quote is that of a restricted signing key (which is consistency, and no proof).
 */
#include "lib/verify/quote-verify.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/verify/chain.h"

/* The template of Azure's AK: TPMA_OBJECT, and the hierarchy that it is a primary of. */
#define AK_ATTRIBUTES 0x00050472
#define RH_ENDORSEMENT 0x4000000b
#define ALG_RSA 0x0001
#define ALG_NULL 0x0010
#define NAME_SIZE (2 + SHA256_SIZE)

static const struct chain_checks ak_checks = {
        .chain = CHECK_AK_CERTIFICATE_CHAIN,
        .root = CHECK_AZURE_ROOT,
        .validity = CHECK_AK_CERTIFICATE_VALIDITY,
};

/* The key that has to have signed: the report's, or, for a quote that it cannot have signed, Azure's word.
 */
static EVP_PKEY *find_key(const struct evidence *e, const struct certificates *chain,
        const struct anchors *a, struct checks *c) {
        EVP_PKEY *key;

        if (e->has_hcl && e->signature.scheme != TPM_ECDSA) {
                if (signature_rsa_key(a->signatures, &e->runtime.ak, &key) >= 0)
                        return key;
                check_note(c, CHECK_QUOTE_SIGNATURE, CHECK_FAIL, "the AK of the report is no RSA key");
                return NULL;
        }
        if (chain->n > 0)
                return chain->of[0]->key;
        check_note(c, CHECK_QUOTE_SIGNATURE, CHECK_UNAVAILABLE,
                "neither report nor certificate names the AK");
        return NULL;
}

static void verify_signature(const struct evidence *e, const struct certificates *chain,
        const struct anchors *a, struct checks *c) {
        EVP_PKEY *key = find_key(e, chain, a, c);

        if (key)
                check_that(c, CHECK_QUOTE_SIGNATURE,
                        signature_tpm_good(a->signatures, key, &e->signature, e->attest.whole.bytes,
                                e->attest.whole.n),
                        "by the AK that the %s names",
                        e->has_hcl && e->signature.scheme != TPM_ECDSA ? "report" : "certificate");
}

/* Which values are quoted is what the TPM signed, not what is handed along. */
static void verify_pcrs(const struct evidence *e, const struct anchors *a, struct checks *c) {
        char quoted[PCR_SELECTION_TEXT_SIZE], given[PCR_SELECTION_TEXT_SIZE];
        uint8_t values[PCR_COUNT * PCR_SIZE_MAX], digest[PCR_SIZE_MAX];
        size_t n = pcr_hash_size(e->signature.hash);

        pcr_selection_format(e->attest.selected, quoted);
        pcr_selection_format(e->pcrs->selected, given);
        check_that(c, CHECK_QUOTE_SELECTION,
                e->attest.selected == e->pcrs->selected && e->attest.bank == e->pcrs->hash,
                "quoted %s %s, values of %s %s", pcr_hash_to_string(e->attest.bank), quoted,
                pcr_hash_to_string(e->pcrs->hash), given);
        check_that(c, CHECK_QUOTE_PCRS,
                n > 0 && n == e->attest.pcr_digest.n &&
                        signature_hash(a->signatures, e->signature.hash, values,
                                pcr_bank_values(e->pcrs, values), digest) &&
                        CRYPTO_memcmp(digest, e->attest.pcr_digest.bytes, n) == 0,
                "the digest of the values is the one quoted");
}

static uint8_t *put(uint8_t *at, uint32_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                *at++ = (uint8_t)(value >> 8 * (n - 1 - i));
        return at;
}

/* Name = nameAlg || hash(TPMT_PUBLIC). */
static bool name_of_public(const void *public, size_t n, uint8_t ret[NAME_SIZE]) {
        struct digest digest;

        if (digest_sha256(public, n, &digest) < 0)
                return false;
        memcpy(put(ret, PCR_SHA256, 2), digest.bytes, sizeof(digest.bytes));
        return true;
}

/* The qualified name of a primary of the endorsement hierarchy with this modulus and Azure's template. */
static bool qualified_name(const struct rsa_key *ak, const struct tpm_signature *s, uint8_t ret[NAME_SIZE]) {
        uint8_t public[64 + RSA_MODULUS_MAX], *at = public, qualified[4 + NAME_SIZE];

        at = put(at, ALG_RSA, 2);
        at = put(at, PCR_SHA256, 2);
        at = put(at, AK_ATTRIBUTES, 4);
        at = put(at, 0, 2); /* no policy */
        at = put(at, ALG_NULL, 2);
        at = put(at, s->scheme, 2);
        at = put(at, s->hash, 2);
        at = put(at, 8 * (uint32_t)ak->n_modulus, 2);
        at = put(at, ak->exponent == 65537 ? 0 : ak->exponent, 4);
        at = put(at, (uint32_t)ak->n_modulus, 2);
        memcpy(at, ak->modulus, ak->n_modulus);
        at += ak->n_modulus;
        put(qualified, RH_ENDORSEMENT, 4);
        return name_of_public(public, (size_t)(at - public), qualified + 4) &&
                name_of_public(qualified, sizeof(qualified), ret);
}

static void verify_name(const struct evidence *e, struct checks *c) {
        uint8_t expected[NAME_SIZE];

        if (!e->has_hcl || e->signature.scheme == TPM_ECDSA)
                return;
        check_that(c, CHECK_AK_NAME,
                qualified_name(&e->runtime.ak, &e->signature, expected) &&
                        e->attest.qualified_signer.n == NAME_SIZE &&
                        CRYPTO_memcmp(e->attest.qualified_signer.bytes, expected, NAME_SIZE) == 0,
                "the quote names a restricted primary of the endorsement hierarchy (consistency, no proof)");
}

/* Whether the certificate holds the key that the report names. */
static void verify_certificate_key(const struct evidence *e, const struct certificate *leaf,
        const struct anchors *a, struct checks *c) {
        EVP_PKEY *key;

        if (!e->has_hcl || e->signature.scheme == TPM_ECDSA)
                return;
        check_that(c, CHECK_AK_CERTIFICATE_KEY,
                signature_rsa_key(a->signatures, &e->runtime.ak, &key) >= 0 &&
                        EVP_PKEY_eq(key, leaf->key) == 1,
                "%s and the report name the same AK", certificate_name(leaf).text);
}

static void verify_certificate(const struct evidence *e, const struct certificates *chain,
        const struct anchors *a, struct checks *c) {
        const struct root *root;

        if (chain->n == 0)
                return;
        chain_verify(chain, ROOT_AZURE, a->roots, a->at, &ak_checks, c, &root);
        if (!chain->of[0]->is_ak)
                check_note(c, CHECK_AK_CERTIFICATE_CHAIN, CHECK_FAIL,
                        "%s is not for attestation (2.23.133.8.3)", certificate_name(chain->of[0]).text);
        verify_certificate_key(e, chain->of[0], a, c);
        if (root)
                revocation_check(a->revocation, chain, root, a->at, c);
}

void quote_verify(const struct evidence *e, const struct certificates *chain, const struct anchors *a,
        struct checks *c) {
        verify_signature(e, chain, a, c);
        verify_pcrs(e, a, c);
        verify_name(e, c);
        verify_certificate(e, chain, a, c);
}

static bool is_certified(const struct evidence *e, const struct checks *c) {
        bool same_key = check_passed(c, CHECK_AK_CERTIFICATE_KEY) || e->signature.scheme == TPM_ECDSA;

        return same_key && check_passed(c, CHECK_AK_CERTIFICATE_CHAIN) &&
                check_passed(c, CHECK_AZURE_ROOT) && check_passed(c, CHECK_AK_CERTIFICATE_VALIDITY);
}

void quote_verify_restricted(const struct evidence *e, bool report_is_fresh, struct checks *c) {
        if (report_is_fresh && e->signature.scheme != TPM_ECDSA)
                check_note(c, CHECK_AK_RESTRICTED, CHECK_PASS,
                        "a report that is younger than the nonce names it");
        else if (is_certified(e, c))
                check_note(c, CHECK_AK_RESTRICTED, CHECK_PASS, "Azure certified it");
        else if (c->waived & WAIVE_AK)
                check_missing(c, CHECK_AK_RESTRICTED, WAIVE_AK, "waived");
        else
                check_note(c, CHECK_AK_RESTRICTED, CHECK_FAIL,
                        "neither a report that is younger than a known nonce nor a certificate of Azure's "
                        "names "
                        "it: software may have signed the quote");
}
