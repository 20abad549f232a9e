/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/harness.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <tss2/tss2_mu.h>

#include "lib/base/digest.h"
#include "lib/evidence/maa-key.h"
#include "lib/evidence/nv.h"
#include "lib/evidence/quote.h"
#include "lib/evidence/tpm-private.h"
#include "tests/unit/swtpm.h"

static const char nonce[] = "a nonce of this test";

/* An AK where the paravisor has its own. */
static void make_ak(struct tpm *t) {
        const TPM2B_SENSITIVE_CREATE sensitive = {};
        const TPM2B_PUBLIC template = { .publicArea = {
                                                .type = TPM2_ALG_RSA,
                                                .nameAlg = TPM2_ALG_SHA256,
                                                .objectAttributes = 0x00050472,
                                                .parameters.rsaDetail = {
                                                        .symmetric.algorithm = TPM2_ALG_NULL,
                                                        .scheme = { .scheme = TPM2_ALG_RSASSA,
                                                                .details.rsassa.hashAlg = TPM2_ALG_SHA256 },
                                                        .keyBits = 2048,
                                                },
                                        } };
        ESYS_TR ak, persistent;

        assert_int_equal(Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &sensitive, &template, &(TPM2B_DATA){},
                                 &(TPML_PCR_SELECTION){}, &ak, NULL, NULL, NULL, NULL),
                0);
        assert_int_equal(Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, AK_HANDLE, &persistent),
                0);
        assert_int_equal(Esys_FlushContext(t->esys, ak), 0);
        assert_int_equal(Esys_TR_Close(t->esys, &persistent), 0);
}

static int begin(void **state) {
        int r = swtpm_start(state);
        const struct swtpm *s = *state;
        _cleanup_(tpm_closep) struct tpm *t = NULL;

        if (s->pid > 0) {
                assert_int_equal(tpm_open(s->tcti, NULL, &t, NULL), 0);
                make_ak(t);
        }
        return r;
}

/* By OpenSSL, and the key as the report would name it. */
static void assert_signature(const struct tpm_key *ak, struct span signature, struct span message) {
        EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_MD_CTX *m = EVP_MD_CTX_new();
        EVP_PKEY *key = NULL;
        uint8_t modulus[RSA_MODULUS_MAX];
        size_t n = ak->rsa.n_modulus;

        assert_int_equal(ak->rsa.exponent, 65537);
        for (size_t i = 0; i < n; i++)
                modulus[i] = ak->rsa.modulus[n - 1 - i]; /* OpenSSL's parameters are little-endian here */
        OSSL_PARAM parameters[] = { { "n", OSSL_PARAM_UNSIGNED_INTEGER, modulus, n, 0 },
                { "e", OSSL_PARAM_UNSIGNED_INTEGER, (uint8_t[]){ 1, 0, 1 }, 3, 0 }, {} };
        assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
        assert_int_equal(EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
        assert_int_equal(EVP_DigestVerifyInit(m, NULL, EVP_sha256(), NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(m, signature.bytes, signature.n, message.bytes, message.n), 1);
        EVP_MD_CTX_free(m);
        EVP_PKEY_free(key);
        EVP_PKEY_CTX_free(c);
}

static void assert_signed(const struct tpm_key *ak, const struct tpm_quote *q) {
        struct span signature;

        assert_int_equal(quote_rsa_signature(q, &signature, NULL), 0);
        assert_signature(ak, signature, (struct span){ q->attest, q->n_attest });
}

static void test_keys(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(tpm_key_done) struct tpm_key ak = {}, ek = {};
        struct rsa_key other;
        struct diag d;

        assert_int_equal(tpm_key_open(t, EK_HANDLE, &ek, &d), -ENOENT);
        assert_non_null(strstr(d.text, "0x81010001"));
        assert_int_equal(tpm_key_open(t, AK_HANDLE, &ak, &d), 0);
        assert_int_equal(ak.rsa.n_modulus, 256);
        assert_int_equal(ak_check(&ak, &ak.rsa, &d), 0);
        other = ak.rsa;
        other.modulus[255] ^= 1;
        assert_int_equal(ak_check(&ak, &other, &d), -EKEYREJECTED);
        other = ak.rsa;
        other.exponent = 3;
        assert_int_equal(ak_check(&ak, &other, &d), -EKEYREJECTED);
        other.n_modulus = 0;
        assert_int_equal(ak_check(&ak, &other, &d), -EBADMSG);
}

static void test_banks(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        struct pcr_bank all, some;
        struct diag d;

        assert_int_equal(pcr_bank_read(t, PCR_SHA256, PCR_ALL, &all, &d), 0);
        assert_int_equal(all.selected, PCR_ALL);
        assert_int_equal(all.values[17][0], 0xff); /* what no DRTM has reset */
        assert_int_equal(all.values[16][0], 0);
        assert_int_equal(pcr_bank_read(t, PCR_SHA256, UINT32_C(0x820081), &some, &d), 0);
        assert_int_equal(some.selected, 0x820081);
        assert_int_equal(some.values[17][0], 0xff);
        assert_int_equal(some.values[18][0], 0);
        assert_int_equal(pcr_bank_read(t, PCR_SHA256, 0, &some, &d), -EINVAL);
        assert_int_equal(pcr_bank_read(t, PCR_SHA256, UINT32_C(1) << 24, &some, &d), -EINVAL);
}

static void test_quote(void **state) {
        static const enum pcr_hash banks[] = { PCR_SHA256, PCR_SHA1, PCR_SHA384 };
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        uint8_t longest[QUALIFYING_DATA_MAX + 1] = {};
        struct tpm_attest attest;
        struct tpm_public public;
        struct diag d;

        assert_int_equal(tpm_key_open(t, AK_HANDLE, &ak, &d), 0);
        for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
                _cleanup_(tpm_quote_done) struct tpm_quote q = {};
                int r = quote_take(t, &ak, nonce, sizeof(nonce), banks[i], 0xff00ff, &q, &d);

                if (r == -EOPNOTSUPP && banks[i] != PCR_SHA256)
                        continue; /* a bank that this swtpm was not made with */
                assert_int_equal(r, 0);
                assert_signed(&ak, &q);
                assert_int_equal(tpm_attest_parse(q.attest, q.n_attest, &attest, &d), 0);
                assert_int_equal(attest.extra_data.n, sizeof(nonce));
                assert_memory_equal(attest.extra_data.bytes, nonce, sizeof(nonce));
                assert_int_equal(attest.selected, 0xff00ff);
                assert_int_equal(attest.bank, banks[i]);
                assert_int_equal(q.pcrs.selected, 0xff00ff);
                assert_int_equal(tpm_public_parse(q.ak_public, q.n_ak_public, &public, &d), 0);
                assert_int_equal(public.attributes, 0x00050472);
        }
        struct tpm_quote q = {};
        assert_int_equal(quote_take(t, &ak, longest, sizeof(longest), PCR_SHA256, 1, &q, &d), -EINVAL);
        assert_null(q.attest);
}

static void extend(struct tpm *t, ESYS_TR pcr) {
        const TPML_DIGEST_VALUES values = { .count = 1, .digests = { { .hashAlg = TPM2_ALG_SHA256 } } };

        assert_int_equal(
                Esys_PCR_Extend(t->esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values), 0);
}

/* Extends a PCR before some of the commands, over the same connection. */
struct mover {
        struct tpm *tpm;
        unsigned seen, every, times;
};

static int move_on(void *data) {
        struct mover *m = data;

        if (!m->tpm || m->times == 0 || ++m->seen % m->every != 0)
                return 0;
        m->times--;
        extend(m->tpm, ESYS_TR_PCR16);
        return 0;
}

static void test_registers_that_move_on(void **state) {
        struct mover mover = { .every = 2 }; /* a command reads, the next one quotes */
        const struct tpm_pacing pacing = { .between = move_on, .data = &mover };
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, &pacing);
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        uint64_t before;
        struct diag d;

        assert_int_equal(tpm_key_open(t, AK_HANDLE, &ak, &d), 0);
        mover.tpm = t;
        mover.times = 2;
        before = tpm_commands(t);
        assert_int_equal(quote_take(t, &ak, nonce, sizeof(nonce), PCR_SHA256, 0x10000, &q, &d), 0);
        assert_int_equal(mover.times, 0);
        assert_int_equal(tpm_commands(t), before + 6);
        assert_signed(&ak, &q);
        tpm_quote_done(&q);
        mover.times = 100;
        assert_int_equal(quote_take(t, &ak, nonce, sizeof(nonce), PCR_SHA256, 0x10000, &q, &d), -EAGAIN);
        assert_int_equal(mover.times, 95);
}

/* What the AK certified is this key, by its name: TPMS_ATTEST (part 2, 10.12.12) has it last but one. */
static void assert_certified(const struct maa_key *k) {
        uint8_t name[2 + 2 + SHA256_SIZE] = { 0, 2 + SHA256_SIZE, 0, 0x0b };
        struct digest digest;

        assert_int_equal(digest_sha256(k->public, k->n_public, &digest), 0);
        memcpy(name + 4, digest.bytes, SHA256_SIZE);
        assert_true(k->n_certify_info > 6);
        assert_memory_equal(k->certify_info, "\xff\x54\x43\x47\x80\x17", 6);
        assert_non_null(memmem(k->certify_info, k->n_certify_info, name, sizeof(name)));
}

/* Decrypts what OpenSSL encrypted for k, with the key made again, as long as the registers are the same. */
static int decrypt(struct tpm *t, const struct maa_key *k, uint32_t selected) {
        const TPML_PCR_SELECTION selection = tpm_selection(PCR_SHA256, selected);
        TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_NULL };
        TPM2B_PUBLIC template = {}, *made = NULL;
        TPM2B_PUBLIC_KEY_RSA secret = { .size = 256 }, *plain = NULL;
        ESYS_TR key, session;
        size_t at = 0;
        int r;

        assert_int_equal(Tss2_MU_TPMT_PUBLIC_Unmarshal(k->public, k->n_public, &at, &template.publicArea),
                0);
        memcpy(secret.buffer + 1, template.publicArea.unique.rsa.buffer,
                1); /* any number below the modulus */
        template.publicArea.unique.rsa.size = 0;
        assert_int_equal(Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &(TPM2B_SENSITIVE_CREATE){}, &template, &(TPM2B_DATA){},
                                 &selection, &key, &made, NULL, NULL, NULL),
                0);
        assert_int_equal(Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &symmetric,
                                 TPM2_ALG_SHA256, &session),
                0);
        assert_int_equal(Esys_PolicyPCR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &(TPM2B_DIGEST){}, &selection),
                0);
        r = (int)Esys_RSA_Decrypt(t->esys, key, session, ESYS_TR_NONE, ESYS_TR_NONE, &secret,
                &(TPMT_RSA_DECRYPT){ .scheme = TPM2_ALG_NULL }, &(TPM2B_DATA){}, &plain);
        Esys_Free(plain);
        Esys_Free(made);
        assert_int_equal(Esys_FlushContext(t->esys, key), 0);
        assert_int_equal(Esys_FlushContext(t->esys, session), 0);
        return r;
}

static void test_key_bound_to_registers(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        struct diag d = {};

        assert_int_equal(tpm_key_open(t, AK_HANDLE, &ak, &d), 0);
        for (unsigned i = 0; i < 4; i++) { /* a TPM has room for three keys: none is left behind */
                _cleanup_(maa_key_done) struct maa_key k = {}, again = {}, other = {};

                assert_int_equal(maa_key_make(t, &ak, 0x10003, &k, &d), 0);
                assert_certified(&k);
                assert_signature(&ak, (struct span){ k.certify_signature, k.n_certify_signature },
                        (struct span){ k.certify_info, k.n_certify_info });
                assert_int_equal(maa_key_make(t, &ak, 0x10003, &again, &d), 0);
                assert_int_equal(again.n_public, k.n_public);
                assert_memory_equal(again.public, k.public, k.n_public);
                assert_int_equal(decrypt(t, &k, 0x10003), 0);
                extend(t, ESYS_TR_PCR16);
                assert_int_not_equal(decrypt(t, &k, 0x10003), 0);
                assert_int_equal(maa_key_make(t, &ak, 0x10003, &other, &d), 0);
                assert_memory_not_equal(other.public, k.public, k.n_public);
        }
}

/* DER of a certificate that says nothing. */
static size_t make_certificate(uint8_t **ret) {
        EVP_PKEY *key = EVP_RSA_gen(2048);
        X509 *x = X509_new();
        int n;

        *ret = NULL;
        assert_non_null(key);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 60);
        X509_set_pubkey(x, key);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        n = i2d_X509(x, ret);
        assert_true(n > 0);
        X509_free(x);
        EVP_PKEY_free(key);
        return (size_t)n;
}

static void test_certificate_is_cut_to_its_length(void **state) {
        uint8_t padded[4096] = {};
        struct span cut;
        struct diag d;
        uint8_t *der;
        size_t n = make_certificate(&der);

        memcpy(padded, der, n);
        OPENSSL_free(der);
        assert_int_equal(ak_certificate_trim(padded, sizeof(padded), &cut, &d), 0);
        assert_ptr_equal(cut.bytes, padded);
        assert_int_equal(cut.n, n);
        assert_int_equal(ak_certificate_trim(padded, n, &cut, &d), 0);
        assert_int_equal(cut.n, n);
        for (size_t i = 1; i < n; i++) {
                _cleanup_(freep) uint8_t *short_one = copy_exact(padded, i);

                assert_int_equal(ak_certificate_trim(short_one, i, &cut, &d), -EBADMSG);
        }
        padded[sizeof(padded) - 1] = 1;
        assert_int_equal(ak_certificate_trim(padded, sizeof(padded), &cut, &d), -EBADMSG);
        padded[sizeof(padded) - 1] = 0;
        padded[5] ^= 0xff;
        assert_int_equal(ak_certificate_trim(padded, sizeof(padded), &cut, &d), -EBADMSG);
        memset(padded, 0, sizeof(padded));
        assert_int_equal(ak_certificate_trim(padded, sizeof(padded), &cut, &d), 0);
        assert_null(cut.bytes);
        assert_int_equal(ak_certificate_trim(padded, 0, &cut, &d), 0);
        assert_null(cut.bytes);
        memset(padded, 0x5a, sizeof(padded));
        assert_int_equal(ak_certificate_trim(padded, sizeof(padded), &cut, &d), -EBADMSG);
}

static void test_certificate_in_its_index(void **state) {
        _cleanup_(tpm_closep) struct tpm *t = swtpm_open(state, NULL);
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
        _cleanup_(freep) uint8_t *read = NULL;
        uint8_t padded[2048] = {}, *der;
        size_t size = make_certificate(&der), n_read;
        struct diag d;

        assert_int_equal(ak_certificate_read(t, &read, &n_read, &d), -ENODATA);
        assert_int_equal(nv_define(t, AK_CERTIFICATE_INDEX, sizeof(padded), &n, &d), 0);
        nv_close(&n);
        assert_int_equal(ak_certificate_read(t, &read, &n_read, &d), -ENODATA);
        memcpy(padded, der, size);
        assert_int_equal(nv_open(t, AK_CERTIFICATE_INDEX, &n, &d), 0);
        assert_int_equal(nv_write(&n, padded, sizeof(padded), &d), 0);
        nv_close(&n);
        assert_int_equal(ak_certificate_read(t, &read, &n_read, &d), 0);
        assert_int_equal(n_read, size);
        assert_memory_equal(read, der, size);
        OPENSSL_free(der);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_banks),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_registers_that_move_on),
        cmocka_unit_test(test_key_bound_to_registers),
        cmocka_unit_test(test_certificate_is_cut_to_its_length),
        cmocka_unit_test(test_certificate_in_its_index),
};

RUN_WITH(tests, begin, swtpm_stop)
