/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/jws.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/base64.h"

#define SIGNATURE_MAX 1024

struct algorithm {
        const char *name;
        const char *hash; /* NULL: the algorithm has its own */
        size_t half;      /* ECDSA: the bytes of r, and of s; else 0 */
};

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *data) {
        return 0;
}

int jws_key_parse(const char *what, const void *bytes, size_t n, EVP_PKEY **ret, struct diag *d) {
        BIO *bio = BIO_new_mem_buf(bytes, (int)n);
        EVP_PKEY *key;

        if (!bio)
                return -ENOMEM;
        key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
        BIO_free(bio);
        if (!key)
                return diag_fail(d, -EBADMSG, "%s: no private key in PEM without a passphrase", what);
        *ret = key;
        return 0;
}

static int find_algorithm(EVP_PKEY *key, struct algorithm *ret, struct diag *d) {
        int bits = EVP_PKEY_get_bits(key);

        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_EC:
                if (bits == 256)
                        *ret = (struct algorithm){ "ES256", "SHA256", 32 };
                else if (bits == 384)
                        *ret = (struct algorithm){ "ES384", "SHA384", 48 };
                else
                        break;
                return 0;
        case EVP_PKEY_RSA:
                if (bits < 2048)
                        break;
                *ret = (struct algorithm){ "PS256", "SHA256", 0 };
                return 0;
        case EVP_PKEY_ED25519:
                *ret = (struct algorithm){ "EdDSA", NULL, 0 };
                return 0;
        default:
                break;
        }
        return diag_fail(d, -EOPNOTSUPP,
                "results are signed by keys of P-256, P-384, RSA from 2048 bits or Ed25519, not by this "
                "one");
}

/* JWS wants r and s as they are. */
static bool flatten(const uint8_t *der, size_t n, size_t half, uint8_t *ret) {
        const uint8_t *at = der;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
        bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, (int)half) == (int)half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + half, (int)half) == (int)half;

        ECDSA_SIG_free(sig);
        return good;
}

static bool make_signature(EVP_MD_CTX *context, EVP_PKEY *key, const struct algorithm *a, const char *input,
        uint8_t ret[SIGNATURE_MAX], size_t *ret_n) {
        uint8_t der[SIGNATURE_MAX];
        EVP_PKEY_CTX *how = NULL;
        size_t n = sizeof(der);

        if (EVP_DigestSignInit_ex(context, &how, a->hash, NULL, NULL, key, NULL) != 1)
                return false;
        if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
                (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1))
                return false;
        if (EVP_DigestSign(context, der, &n, (const uint8_t *)input, strlen(input)) != 1)
                return false;
        *ret_n = a->half ? 2 * a->half : n;
        if (a->half)
                return flatten(der, n, a->half, ret);
        memcpy(ret, der, n);
        return true;
}

int jws_sign(EVP_PKEY *key, const char *payload, size_t n, char **ret, struct diag *d) {
        _cleanup_(freep) char *head = NULL, *body = NULL, *input = NULL, *tail = NULL, *header = NULL;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t signature[SIGNATURE_MAX];
        struct algorithm a = {};
        size_t n_signature;
        bool good = false;
        int r = find_algorithm(key, &a, d);

        if (r >= 0 && asprintf(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", a.name) < 0) {
                header = NULL;
                r = -ENOMEM;
        }
        if (r >= 0)
                r = base64_format(header, strlen(header), BASE64_URL, &head);
        if (r >= 0)
                r = base64_format(payload, n, BASE64_URL, &body);
        if (r >= 0 && asprintf(&input, "%s.%s", head, body) < 0) {
                input = NULL;
                r = -ENOMEM;
        }
        if (r >= 0)
                good = context && make_signature(context, key, &a, input, signature, &n_signature);
        EVP_MD_CTX_free(context);
        if (r < 0)
                return r;
        if (!good)
                return diag_fail(d, -EIO, "OpenSSL cannot sign with this key");
        r = base64_format(signature, n_signature, BASE64_URL, &tail);
        if (r < 0)
                return r;
        return asprintf(ret, "%s.%s", input, tail) < 0 ? -ENOMEM : 0;
}
