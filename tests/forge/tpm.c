/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A TPM's structures, field after field in the order of part 2. */
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/forge/tpm.h"

#define ALG_RSA 0x0001
#define ALG_NULL 0x0010
#define ALG_ECC 0x0023
#define NIST_P256 0x0003
#define RH_ENDORSEMENT 0x4000000b

static void put_rsa(struct forge_bytes *b, EVP_PKEY *key) {
        uint8_t modulus[1024];
        BIGNUM *n = NULL;
        int size;

        forge_check(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), "a modulus");
        size = BN_bn2bin(n, modulus);
        BN_free(n);
        forge_be(b, (uint64_t)size * 8, 2);
        forge_be(b, 0, 4); /* the default exponent */
        forge_sized(b, modulus, (size_t)size);
}

static void put_ecc(struct forge_bytes *b, EVP_PKEY *key) {
        uint8_t point[65];
        size_t n = 0;

        forge_check(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &n) &&
                        n == sizeof(point),
                "a public key");
        forge_be(b, NIST_P256, 2);
        forge_be(b, ALG_NULL, 2); /* key derivation */
        forge_sized(b, point + 1, 32);
        forge_sized(b, point + 33, 32);
}

struct forge_bytes forge_tpm_public(EVP_PKEY *key, uint32_t attributes, uint16_t scheme) {
        bool ecc = EVP_PKEY_is_a(key, "EC");
        struct forge_bytes b = {};

        forge_be(&b, ecc ? ALG_ECC : ALG_RSA, 2);
        forge_be(&b, FORGE_SHA256, 2);
        forge_be(&b, attributes, 4);
        forge_sized(&b, "", 0);    /* no policy */
        forge_be(&b, ALG_NULL, 2); /* symmetric */
        forge_be(&b, scheme, 2);
        forge_be(&b, FORGE_SHA256, 2);
        if (ecc)
                put_ecc(&b, key);
        else
                put_rsa(&b, key);
        return b;
}

void forge_qualified_name(const struct forge_bytes *public_area, uint8_t ret[static 34]) {
        struct forge_bytes both = {};
        uint8_t name[34] = { 0x00, 0x0b };

        forge_hash("SHA256", public_area->bytes, public_area->n, name + 2);
        forge_be(&both, RH_ENDORSEMENT, 4);
        forge_put(&both, name, sizeof(name));
        memcpy(ret, name, 2);
        forge_hash("SHA256", both.bytes, both.n, ret + 2);
        forge_bytes_done(&both);
}

void forge_attest_init(struct forge_attest *a, const struct forge_pcrs *pcrs) {
        *a = (struct forge_attest){
                .magic = 0xff544347,
                .type = 0x8018,
                .clock = 1234567,
                .firmware = UINT64_C(0x2020031200120003),
                .reset_count = 3,
                .safe = 1,
                .selected = 0xffffff,
                .pcrs = pcrs,
        };
}

static size_t hash_size(uint16_t hash) {
        return hash == 0x0004 ? 20 : hash == 0x000c ? 48 : hash == 0x000d ? 64 : 32;
}

static void digest_selected(const struct forge_attest *a, uint8_t ret[static 32]) {
        struct forge_bytes all = {};

        for (unsigned i = 0; i < 24; i++)
                if (a->selected >> i & 1)
                        forge_put(&all, a->pcrs->values[i], hash_size(a->pcrs->hash));
        forge_hash("SHA256", all.bytes, all.n, ret);
        forge_bytes_done(&all);
}

struct forge_bytes forge_attest_make(const struct forge_attest *a) {
        struct forge_bytes b = {};
        uint8_t digest[32];

        digest_selected(a, digest);
        forge_be(&b, a->magic, 4);
        forge_be(&b, a->type, 2);
        forge_sized(&b, a->qualified_signer, a->n_qualified_signer);
        forge_sized(&b, a->extra_data, a->n_extra_data);
        forge_be(&b, a->clock, 8);
        forge_be(&b, a->reset_count, 4);
        forge_be(&b, a->restart_count, 4);
        forge_be(&b, a->safe, 1);
        forge_be(&b, a->firmware, 8);
        forge_be(&b, 1, 4); /* one bank */
        forge_be(&b, a->pcrs->hash, 2);
        forge_be(&b, 3, 1);
        forge_le(&b, a->selected, 3); /* octet 0 is PCRs 0-7 */
        forge_sized(&b, a->pcr_digest ? a->pcr_digest : digest, sizeof(digest));
        return b;
}

static void sign_rsa(struct forge_bytes *b, EVP_PKEY *ak, uint16_t scheme, int salt, const void *bytes,
        size_t n) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters = NULL;
        uint8_t signature[1024];
        size_t size = sizeof(signature);

        forge_check(context && EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, ak) == 1, "RSA");
        if (scheme == FORGE_RSAPSS)
                forge_check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt) == 1,
                        "PSS");
        forge_check(EVP_DigestSign(context, signature, &size, bytes, n) == 1, "signing with RSA");
        EVP_MD_CTX_free(context);
        forge_sized(b, signature, size);
}

struct forge_bytes forge_tpm_sign(EVP_PKEY *ak, uint16_t scheme, int salt, const void *bytes, size_t n) {
        struct forge_bytes b = {};

        forge_be(&b, scheme, 2);
        forge_be(&b, FORGE_SHA256, 2);
        if (scheme == FORGE_ECDSA) {
                uint8_t r[32], s[32];

                forge_ecdsa(ak, "SHA256", bytes, n, sizeof(r), r, s);
                forge_sized(&b, r, sizeof(r));
                forge_sized(&b, s, sizeof(s));
        } else {
                sign_rsa(&b, ak, scheme, salt, bytes, n);
        }
        return b;
}
