/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/forge: OpenSSL accepts its chains, and what it signs is signed over what hardware signs. */
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <string.h>

#include "tests/forge/forge.h"
#include "tests/unit/harness.h"

static struct forge_pki pki;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

/* What X509_verify_cert() says, at a fixed time; crl may be NULL. */
static int verify(X509 *leaf, X509 *intermediate, X509 *root, X509_CRL *crl) {
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        STACK_OF(X509) *others = sk_X509_new_null();
        int error;

        X509_STORE_add_cert(store, root);
        if (crl)
                X509_STORE_add_crl(store, crl);
        if (intermediate)
                sk_X509_push(others, intermediate);
        X509_STORE_CTX_init(context, store, leaf, others);
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), FORGE_NOW);
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), crl ? X509_V_FLAG_CRL_CHECK : 0);
        X509_verify_cert(context);
        error = X509_STORE_CTX_get_error(context);
        sk_X509_free(others);
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return error;
}

static void amd_chains_verify(void **state) {
        for (enum snp_product p = SNP_MILAN; p <= SNP_TURIN; p++) {
                for (unsigned vlek = 0; vlek < 2; vlek++) {
                        enum forge_ca_name ark = FORGE_ARK_MILAN + 3 * (p - SNP_MILAN);
                        X509 *issuer = pki.ca[ark + 1 + vlek].certificate;
                        struct forge_guest g;

                        forge_guest_init(&g, &pki, p);
                        g.snp.signing_key = vlek;
                        forge_guest_certify(&g, NULL);
                        assert_int_equal(verify(g.vek_certificate, issuer, pki.ca[ark].certificate, NULL),
                                X509_V_OK);
                        assert_int_not_equal(verify(g.vek_certificate, issuer,
                                                     pki.ca[(ark + 3) % FORGE_INTEL_ROOT].certificate, NULL),
                                X509_V_OK);
                        forge_guest_done(&g);
                }
        }
}

static void intel_and_azure_chains_verify(void **state) {
        struct forge_guest g;

        forge_guest_init_tdx(&g, &pki, 4);
        assert_int_equal(verify(g.quote.pck_certificate, pki.ca[FORGE_INTEL_PLATFORM].certificate,
                                 pki.ca[FORGE_INTEL_ROOT].certificate, NULL),
                X509_V_OK);
        assert_int_equal(verify(pki.ca[FORGE_INTEL_TCB].certificate, NULL,
                                 pki.ca[FORGE_INTEL_ROOT].certificate, NULL),
                X509_V_OK);
        assert_int_equal(verify(g.ak_certificate, pki.ca[FORGE_AZURE_CA].certificate,
                                 pki.ca[FORGE_AZURE_ROOT].certificate, NULL),
                X509_V_OK);
        forge_guest_done(&g);
}

static void imitations_do_not_verify(void **state) {
        static const enum forge_ca_name names[] = { FORGE_ARK_MILAN, FORGE_INTEL_ROOT, FORGE_AZURE_ROOT };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct forge_ca ca;
                X509 *genuine = pki.ca[names[i]].certificate;

                forge_ca_imitate(&pki, names[i], &ca);
                assert_int_equal(
                        X509_NAME_cmp(X509_get_subject_name(ca.certificate), X509_get_subject_name(genuine)),
                        0);
                assert_int_equal(verify(ca.certificate, NULL, ca.certificate, NULL), X509_V_OK);
                assert_int_not_equal(verify(ca.certificate, NULL, genuine, NULL), X509_V_OK);
                forge_ca_done(&ca);
        }
}

static void revocation_lists_revoke(void **state) {
        static const struct {
                long revoked;
                int expected;
        } rows[] = { { 7001, X509_V_ERR_CERT_REVOKED }, { 7002, X509_V_OK } };
        struct forge_ak ak = {};
        X509 *certificate = forge_ak_certificate(&pki, &ak, pki.key[FORGE_AK]);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                X509_CRL *crl = forge_crl_make(&pki.ca[FORGE_AZURE_CA], &rows[i].revoked, 1, 0, 0);

                assert_int_equal(verify(certificate, pki.ca[FORGE_AZURE_CA].certificate,
                                         pki.ca[FORGE_AZURE_ROOT].certificate, crl),
                        rows[i].expected);
                X509_CRL_free(crl);
        }
        X509_free(certificate);
}

/* R and S as big-endian numbers of n bytes, the digest's name, and what is signed. */
static bool ecdsa_holds(EVP_PKEY *key, const char *hash, const uint8_t *r, const uint8_t *s, size_t n,
        const void *bytes, size_t n_bytes) {
        ECDSA_SIG *signature = ECDSA_SIG_new();
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t *der = NULL;
        int n_der, holds;

        ECDSA_SIG_set0(signature, BN_bin2bn(r, (int)n, NULL), BN_bin2bn(s, (int)n, NULL));
        n_der = i2d_ECDSA_SIG(signature, &der);
        assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL, key, NULL), 1);
        holds = EVP_DigestVerify(context, der, (size_t)n_der, bytes, n_bytes);
        OPENSSL_free(der);
        EVP_MD_CTX_free(context);
        ECDSA_SIG_free(signature);
        return holds == 1;
}

static void snp_reports_are_signed(void **state) {
        struct forge_guest g;
        uint8_t report[FORGE_SNP_SIZE], r[48], s[48];

        forge_guest_init(&g, &pki, SNP_GENOA);
        forge_snp_make(&g.snp, g.vek, report);
        for (size_t i = 0; i < sizeof(r); i++) {
                r[i] = report[0x2a0 + 47 - i];
                s[i] = report[0x2e8 + 47 - i];
        }
        assert_true(ecdsa_holds(g.vek, "SHA384", r, s, 48, report, 0x2a0));
        report[0x29f] ^= 1;
        assert_false(ecdsa_holds(g.vek, "SHA384", r, s, 48, report, 0x2a0));
        forge_guest_done(&g);
}

static void td_quotes_are_signed(void **state) {
        static const struct {
                uint16_t version, body_type;
                size_t n_signed;
        } rows[] = { { 4, 2, 632 }, { 5, 2, 54 + 584 }, { 5, 3, 54 + 648 } };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct forge_guest g;
                struct forge_bytes quote;
                const uint8_t *data;

                forge_guest_init_tdx(&g, &pki, rows[i].version);
                g.quote.body_type = rows[i].body_type;
                quote = forge_quote_make(&pki, &g.quote, &g.td);
                data = quote.bytes + rows[i].n_signed + 4;
                assert_true(ecdsa_holds(g.quote.attestation_key, "SHA256", data, data + 32, 32, quote.bytes,
                        rows[i].n_signed));
                data += 128 + 6;
                assert_true(ecdsa_holds(g.quote.pck, "SHA256", data + 384, data + 416, 32, data, 384));
                forge_bytes_done(&quote);
                forge_guest_done(&g);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(amd_chains_verify),
        cmocka_unit_test(intel_and_azure_chains_verify),
        cmocka_unit_test(imitations_do_not_verify),
        cmocka_unit_test(revocation_lists_revoke),
        cmocka_unit_test(snp_reports_are_signed),
        cmocka_unit_test(td_quotes_are_signed),
};

RUN_WITH(tests, load, unload)
