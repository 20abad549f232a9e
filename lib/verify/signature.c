/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All cryptography is OpenSSL's; this brings numbers into the forms that it takes. */
#include "lib/verify/signature.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "lib/format/der.h"

#define KEYS_MAX 64 /* one that falls into a slot in use takes its place */

/* SHA-1 signs nothing here. */
static const enum pcr_hash hashes[] = { PCR_SHA256, PCR_SHA384, PCR_SHA512 };
#define N_HASHES (sizeof(hashes) / sizeof(hashes[0]))

struct key_slot {
        struct rsa_key rsa;
        EVP_PKEY *key;
};

struct point_slot {
        uint8_t point[64];
        EVP_PKEY *key;
};

/* A key made ready to verify in one way: a chip's, or an AK's, that comes again. */
struct ready {
        EVP_PKEY *key; /* referenced, so that its address cannot be another's */
        const EVP_MD *md;
        int padding;
        EVP_PKEY_CTX *context;
};

struct signatures {
        struct pcr_hasher hashers[N_HASHES];
        struct ready ready[KEYS_MAX];
        struct key_slot keys[KEYS_MAX];
        struct point_slot points[KEYS_MAX];
        EVP_PKEY *p256;               /* the curve alone; NULL until it is needed */
        struct digest good[KEYS_MAX]; /* of signer, signature and message; zero: none */
};

static void param_bld_freep(OSSL_PARAM_BLD **b) {
        OSSL_PARAM_BLD_free(*b);
}

static void paramsp(OSSL_PARAM **p) {
        OSSL_PARAM_free(*p);
}

static void pkey_ctx_freep(EVP_PKEY_CTX **c) {
        EVP_PKEY_CTX_free(*c);
}

static void pkey_freep(EVP_PKEY **key) {
        EVP_PKEY_free(*key);
}

static void bn_freep(BIGNUM **n) {
        BN_free(*n);
}

static void ready_done(struct ready *r) {
        EVP_PKEY_CTX_free(r->context);
        EVP_PKEY_free(r->key);
        *r = (struct ready){};
}

void signatures_free(struct signatures *s) {
        if (!s)
                return;
        for (size_t i = 0; i < KEYS_MAX; i++)
                ready_done(&s->ready[i]);
        for (size_t i = 0; i < KEYS_MAX; i++)
                EVP_PKEY_free(s->keys[i].key);
        for (size_t i = 0; i < KEYS_MAX; i++)
                EVP_PKEY_free(s->points[i].key);
        for (size_t i = 0; i < N_HASHES; i++)
                pcr_hasher_done(&s->hashers[i]);
        EVP_PKEY_free(s->p256);
        free(s);
}

int signatures_new(struct signatures **ret) {
        _cleanup_(signatures_freep) struct signatures *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < N_HASHES; i++) {
                int r = pcr_hasher_init(&s->hashers[i], hashes[i]);

                if (r < 0)
                        return r;
        }
        *ret = TAKE(s);
        return 0;
}

/* NULL for a hash that signs nothing here. */
static struct pcr_hasher *find_hasher(struct signatures *s, enum pcr_hash hash) {
        for (size_t i = 0; i < N_HASHES; i++)
                if (hashes[i] == hash)
                        return &s->hashers[i];
        return NULL;
}

bool signature_hash(struct signatures *s, enum pcr_hash hash, const void *bytes, size_t n, uint8_t *ret) {
        struct pcr_hasher *h = find_hasher(s, hash);

        return h && pcr_hasher_run(h, bytes, n, ret) >= 0;
}

static int make_ready(EVP_PKEY *key, const EVP_MD *md, int padding, struct ready *ret) {
        _cleanup_(ready_done) struct ready r = { .md = md, .padding = padding };

        if (EVP_PKEY_up_ref(key) != 1)
                return -EIO;
        r.key = key;
        r.context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        if (!r.context || EVP_PKEY_verify_init(r.context) != 1 ||
                (padding && EVP_PKEY_CTX_set_rsa_padding(r.context, padding) != 1) ||
                EVP_PKEY_CTX_set_signature_md(r.context, md) != 1 ||
                (padding == RSA_PKCS1_PSS_PADDING &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(r.context, RSA_PSS_SALTLEN_AUTO) != 1))
                return -EIO;
        ready_done(ret);
        *ret = r;
        r = (struct ready){};
        return 0;
}

/* NULL: OpenSSL cannot verify in this way. */
static EVP_PKEY_CTX *get_ready(struct signatures *s, EVP_PKEY *key, const EVP_MD *md, int padding) {
        struct ready *slot = &s->ready[(uintptr_t)key / 64 % KEYS_MAX];

        if ((slot->key != key || slot->md != md || slot->padding != padding) &&
                make_ready(key, md, padding, slot) < 0)
                return NULL;
        return slot->context;
}

/* padding: of RSA; 0 for ECDSA. */
static bool is_good(struct signatures *s, EVP_PKEY *key, enum pcr_hash hash, int padding,
        const uint8_t *signature, size_t n_signature, const void *message, size_t n_message) {
        struct pcr_hasher *h = find_hasher(s, hash);
        uint8_t digest[EVP_MAX_MD_SIZE];
        EVP_PKEY_CTX *context;

        if (!h || EVP_PKEY_get_base_id(key) != (padding ? EVP_PKEY_RSA : EVP_PKEY_EC))
                return false;
        context = get_ready(s, key, h->md, padding);
        return context && pcr_hasher_run(h, message, n_message, digest) >= 0 &&
                EVP_PKEY_verify(context, signature, n_signature, digest, pcr_hash_size(hash)) == 1;
}

/* A number of n bytes, big-endian, as INTEGER (X.690, 8.3): without leading zeros, but never negative. */
static uint8_t *put_integer(uint8_t *at, const uint8_t *bytes, size_t n) {
        while (n > 1 && *bytes == 0) {
                bytes++;
                n--;
        }
        *at++ = DER_INTEGER;
        *at++ = (uint8_t)(n + (*bytes >= 0x80));
        if (*bytes >= 0x80)
                *at++ = 0;
        memcpy(at, bytes, n);
        return at + n;
}

/* Ecdsa-Sig-Value (RFC 3279, 2.2.3), the form that OpenSSL reads; ret has room. Returns its size. */
static size_t put_pair(const uint8_t *r, const uint8_t *s, size_t n, uint8_t *ret) {
        uint8_t both[2 * (ECDSA_SIZE_MAX + 3)], *at = ret;
        size_t size = (size_t)(put_integer(put_integer(both, r, n), s, n) - both);

        _Static_assert(sizeof(both) < 256, "a length takes one byte, or two");
        *at++ = DER_SEQUENCE;
        if (size >= 0x80)
                *at++ = 0x81;
        *at++ = (uint8_t)size;
        memcpy(at, both, size);
        return (size_t)(at - ret) + size;
}

bool signature_ecdsa_good(struct signatures *s, EVP_PKEY *key, enum pcr_hash hash, const uint8_t *r_bytes,
        const uint8_t *s_bytes, size_t n, const void *message, size_t n_message) {
        uint8_t der[2 * (ECDSA_SIZE_MAX + 3) + 3];

        if (n == 0 || n > ECDSA_SIZE_MAX)
                return false;
        return is_good(s, key, hash, 0, der, put_pair(r_bytes, s_bytes, n, der), message, n_message);
}

/* What a signature that was good is remembered by. */
static bool digest_all(struct signatures *s, const struct digest *signer, const uint8_t *r_bytes,
        const uint8_t *s_bytes, size_t n, const void *message, size_t n_message, struct digest *ret) {
        struct pcr_hasher *h = find_hasher(s, PCR_SHA256);

        return EVP_DigestInit_ex2(h->context, h->md, NULL) == 1 &&
                EVP_DigestUpdate(h->context, signer->bytes, sizeof(signer->bytes)) == 1 &&
                EVP_DigestUpdate(h->context, r_bytes, n) == 1 &&
                EVP_DigestUpdate(h->context, s_bytes, n) == 1 &&
                EVP_DigestUpdate(h->context, message, n_message) == 1 &&
                EVP_DigestFinal_ex(h->context, ret->bytes, NULL) == 1;
}

bool signature_ecdsa_good_again(struct signatures *s, const struct digest *signer, EVP_PKEY *key,
        enum pcr_hash hash, const uint8_t *r_bytes, const uint8_t *s_bytes, size_t n, const void *message,
        size_t n_message) {
        struct digest all, *slot;

        if (!digest_all(s, signer, r_bytes, s_bytes, n, message, n_message, &all))
                return false;
        slot = &s->good[all.bytes[0] % KEYS_MAX];
        if (memcmp(slot->bytes, all.bytes, sizeof(all.bytes)) == 0)
                return true;
        if (!signature_ecdsa_good(s, key, hash, r_bytes, s_bytes, n, message, n_message))
                return false;
        *slot = all;
        return true;
}

bool signature_tpm_good(struct signatures *s, EVP_PKEY *key, const struct tpm_signature *signature,
        const void *message, size_t n_message) {
        uint8_t rs[2][ECDSA_SIZE_MAX] = {};

        switch (signature->scheme) {
        case TPM_RSASSA:
                return is_good(s, key, signature->hash, RSA_PKCS1_PADDING, signature->rsa.bytes,
                        signature->rsa.n, message, n_message);
        case TPM_RSAPSS:
                return is_good(s, key, signature->hash, RSA_PKCS1_PSS_PADDING, signature->rsa.bytes,
                        signature->rsa.n, message, n_message);
        case TPM_ECDSA:
                if (signature->r.n > ECDSA_SIZE_MAX || signature->s.n > ECDSA_SIZE_MAX)
                        return false;
                memcpy(rs[0] + ECDSA_SIZE_MAX - signature->r.n, signature->r.bytes, signature->r.n);
                memcpy(rs[1] + ECDSA_SIZE_MAX - signature->s.n, signature->s.bytes, signature->s.n);
                return signature_ecdsa_good(s, key, signature->hash, rs[0], rs[1], ECDSA_SIZE_MAX, message,
                        n_message);
        }
        return false;
}

/* selection: EVP_PKEY_PUBLIC_KEY, or EVP_PKEY_KEY_PARAMETERS for a curve alone. */
static int make_key(const char *type, int selection, OSSL_PARAM_BLD *b, EVP_PKEY **ret) {
        _cleanup_(paramsp) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
        _cleanup_(pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        EVP_PKEY *key = NULL;

        if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
                EVP_PKEY_fromdata(context, &key, selection, params) != 1)
                return -EBADMSG;
        *ret = key;
        return 0;
}

int signature_make_rsa_key(const struct rsa_key *rsa, EVP_PKEY **ret) {
        _cleanup_(param_bld_freep) OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
        _cleanup_(bn_freep) BIGNUM *n = BN_bin2bn(rsa->modulus, (int)rsa->n_modulus, NULL);

        if (!b || !n || OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
                OSSL_PARAM_BLD_push_uint(b, OSSL_PKEY_PARAM_RSA_E, rsa->exponent) != 1)
                return -ENOMEM;
        return make_key("RSA", EVP_PKEY_PUBLIC_KEY, b, ret);
}

/* The middle of a modulus is as random as a digest of it. */
static struct key_slot *find_slot(struct signatures *s, const struct rsa_key *rsa) {
        return &s->keys[rsa->modulus[rsa->n_modulus / 2] % KEYS_MAX];
}

int signature_rsa_key(struct signatures *s, const struct rsa_key *rsa, EVP_PKEY **ret) {
        struct key_slot *slot = find_slot(s, rsa);
        EVP_PKEY *key = NULL;
        int r;

        if (!slot->key || slot->rsa.exponent != rsa->exponent || slot->rsa.n_modulus != rsa->n_modulus ||
                memcmp(slot->rsa.modulus, rsa->modulus, rsa->n_modulus) != 0) {
                r = signature_make_rsa_key(rsa, &key);
                if (r < 0)
                        return r;
                EVP_PKEY_free(slot->key);
                *slot = (struct key_slot){ .rsa = *rsa, .key = key };
        }
        *ret = slot->key;
        return 0;
}

static int make_curve(const char *name, EVP_PKEY **ret) {
        _cleanup_(param_bld_freep) OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();

        if (!b || OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) != 1)
                return -ENOMEM;
        return make_key("EC", EVP_PKEY_KEY_PARAMETERS, b, ret);
}

int signature_make_ec_key(const char *name, EVP_PKEY **curve, const uint8_t *point, size_t n,
        EVP_PKEY **ret) {
        _cleanup_(pkey_freep) EVP_PKEY *key = NULL;
        int r = *curve ? 0 : make_curve(name, curve);

        if (r < 0)
                return r;
        key = EVP_PKEY_dup(*curve);
        if (!key)
                return -ENOMEM;
        if (EVP_PKEY_set1_encoded_public_key(key, point, n) != 1)
                return -EBADMSG;
        *ret = TAKE(key);
        return 0;
}

static int make_p256_key(struct signatures *s, const uint8_t point[static 64], EVP_PKEY **ret) {
        uint8_t encoded[65] = { 0x04 }; /* uncompressed */

        memcpy(encoded + 1, point, 64);
        return signature_make_ec_key("prime256v1", &s->p256, encoded, sizeof(encoded), ret);
}

int signature_p256_key(struct signatures *s, const uint8_t point[static 64], EVP_PKEY **ret) {
        struct point_slot *slot = &s->points[point[0] % KEYS_MAX];
        EVP_PKEY *key = NULL;
        int r;

        if (!slot->key || memcmp(slot->point, point, sizeof(slot->point)) != 0) {
                r = make_p256_key(s, point, &key);
                if (r < 0)
                        return r;
                EVP_PKEY_free(slot->key);
                memcpy(slot->point, point, sizeof(slot->point));
                slot->key = key;
        }
        *ret = slot->key;
        return 0;
}
