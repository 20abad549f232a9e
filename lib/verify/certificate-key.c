/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/certificate-key.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/objects.h>

#include "lib/verify/signature.h"

void certificate_curves_done(struct certificate_curves *c) {
        EVP_PKEY_free(c->p256);
        EVP_PKEY_free(c->p384);
        *c = (struct certificate_curves){};
}

static bool fill_rsa_key(const ASN1_TYPE *modulus, const ASN1_TYPE *exponent, struct rsa_key *ret) {
        BIGNUM *n = ASN1_INTEGER_to_BN(modulus->value.integer, NULL),
               *e = ASN1_INTEGER_to_BN(exponent->value.integer, NULL);
        bool good = n && e && !BN_is_negative(n) && !BN_is_negative(e) &&
                BN_num_bytes(n) <= RSA_MODULUS_MAX && BN_num_bits(e) <= 32;

        if (good) {
                ret->n_modulus = (size_t)BN_bn2bin(n, ret->modulus);
                ret->exponent = (uint32_t)BN_get_word(e);
        }
        BN_free(n);
        BN_free(e);
        return good;
}

/* A sequence of two numbers. NULL for one that is not made here. */
static EVP_PKEY *read_rsa(const uint8_t *bytes, size_t n) {
        ASN1_SEQUENCE_ANY *both = d2i_ASN1_SEQUENCE_ANY(NULL, &bytes, (long)n);
        struct rsa_key rsa = {};
        EVP_PKEY *key = NULL;

        if (both && sk_ASN1_TYPE_num(both) == 2 && sk_ASN1_TYPE_value(both, 0)->type == V_ASN1_INTEGER &&
                sk_ASN1_TYPE_value(both, 1)->type == V_ASN1_INTEGER &&
                fill_rsa_key(sk_ASN1_TYPE_value(both, 0), sk_ASN1_TYPE_value(both, 1), &rsa) &&
                signature_make_rsa_key(&rsa, &key) < 0)
                key = NULL;
        sk_ASN1_TYPE_pop_free(both, ASN1_TYPE_free);
        return key;
}

EVP_PKEY *certificate_key(struct certificate_curves *curves, X509 *x509) {
        EVP_PKEY *key = NULL;
        X509_ALGOR *algorithm;
        const uint8_t *bytes;
        ASN1_OBJECT *kind;
        const void *curve;
        int n, type, named;

        if (X509_PUBKEY_get0_param(&kind, &bytes, &n, &algorithm, X509_get_X509_PUBKEY(x509)) != 1)
                return NULL;
        if (OBJ_obj2nid(kind) == NID_rsaEncryption)
                return read_rsa(bytes, (size_t)n);
        X509_ALGOR_get0(NULL, &type, &curve, algorithm);
        if (OBJ_obj2nid(kind) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT)
                return NULL;
        named = OBJ_obj2nid(curve);
        if (named != NID_X9_62_prime256v1 && named != NID_secp384r1)
                return NULL;
        if (signature_make_ec_key(OBJ_nid2sn(named), named == NID_secp384r1 ? &curves->p384 : &curves->p256,
                    bytes, (size_t)n, &key) < 0)
                return NULL;
        return key;
}
