/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One struct signature each; verifying runs over them. Digests count among the primitives. */
#include "tests/bench/verify-floor.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#define SIGNATURES_MAX 4
#define HASHES_MAX 40
#define LOG_EVENTS 18 /* of forge_log_boot() */

struct signature {
        EVP_PKEY_CTX *context;
        EVP_MD *hash;
        struct forge_bytes message, signature;
};

/* A public key on a curve, as a certificate or a quote has it: OpenSSL has to make a key of it first. */
struct point {
        char curve[8];
        struct forge_bytes bytes;
};

/* Those of one kind belong together: of each piece, once a chip, above it. */
struct list {
        struct signature of[SIGNATURES_MAX];
        size_t n;
        struct point point; /* no bytes: none */
};

struct floor {
        struct list each, chip, above;
        struct forge_bytes hashed[HASHES_MAX];
        EVP_MD *hash[HASHES_MAX];
        size_t n_hashed;
};

/* Looked up once: else the look-up takes longer than the hash. */
static EVP_MD *fetch(const char *hash) {
        EVP_MD *md = EVP_MD_fetch(NULL, hash, NULL);

        forge_check(md != NULL, hash);
        return md;
}

static size_t digest(const EVP_MD *hash, const struct forge_bytes *b, uint8_t ret[static 64]) {
        unsigned n = 0;

        forge_check(EVP_Digest(b->bytes, b->n, ret, &n, hash, NULL) == 1, "hashing");
        return n;
}

static void add(struct list *l, EVP_PKEY *key, const char *hash, int pss_salt, const void *message,
        size_t n_message, const void *signature, size_t n_signature) {
        struct signature *s = &l->of[l->n++];

        forge_check(l->n <= SIGNATURES_MAX, "room for signatures");
        s->hash = fetch(hash);
        s->message = forge_copy(message, n_message);
        s->signature = forge_copy(signature, n_signature);
        s->context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        forge_check(s->context && EVP_PKEY_verify_init(s->context) == 1 &&
                        EVP_PKEY_CTX_set_signature_md(s->context, s->hash) == 1,
                "verifying");
        if (pss_salt)
                forge_check(EVP_PKEY_CTX_set_rsa_padding(s->context, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(s->context, pss_salt) == 1,
                        "PSS");
}

static void set_point(struct list *l, EVP_PKEY *key, const char *curve) {
        uint8_t bytes[256];
        size_t n = 0;

        forge_check(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes), &n),
                "a public key");
        l->point.bytes = forge_copy(bytes, n);
        snprintf(l->point.curve, sizeof(l->point.curve), "%s", curve);
}

struct forge_bytes ecdsa_der(const uint8_t *r, const uint8_t *s, size_t size) {
        ECDSA_SIG *signature = ECDSA_SIG_new();
        struct forge_bytes ret = {};
        uint8_t *der = NULL;
        int n;

        ECDSA_SIG_set0(signature, BN_bin2bn(r, (int)size, NULL), BN_bin2bn(s, (int)size, NULL));
        n = i2d_ECDSA_SIG(signature, &der);
        forge_check(n > 0, "an ECDSA signature");
        forge_put(&ret, der, (size_t)n);
        OPENSSL_free(der);
        ECDSA_SIG_free(signature);
        return ret;
}

struct forge_bytes snp_der(const uint8_t *report) {
        uint8_t r[48], s[48];

        for (size_t i = 0; i < sizeof(r); i++) {
                r[i] = report[0x2a0 + sizeof(r) - 1 - i];
                s[i] = report[0x2e8 + sizeof(s) - 1 - i];
        }
        return ecdsa_der(r, s, sizeof(r));
}

/* Takes the signature. */
static void add_ecdsa(struct list *l, EVP_PKEY *key, const char *hash, const void *message, size_t n,
        struct forge_bytes der) {
        add(l, key, hash, 0, message, n, der.bytes, der.n);
        forge_bytes_done(&der);
}

/* The signature under a certificate. */
static void add_certificate(struct list *l, X509 *certificate, const struct forge_ca *issuer) {
        const ASN1_BIT_STRING *signature;
        uint8_t *signed_part = NULL;
        int n = i2d_re_X509_tbs(certificate, &signed_part);
        bool pss = issuer->signing == FORGE_PSS_SHA384;

        X509_get0_signature(&signature, NULL, certificate);
        forge_check(n > 0, "the signed part of a certificate");
        add(l, issuer->key, pss ? "SHA384" : "SHA256", pss ? 48 : 0, signed_part, (size_t)n, signature->data,
                (size_t)signature->length);
        OPENSSL_free(signed_part);
}

static void add_hash(struct floor *f, const char *hash, const void *bytes, size_t n) {
        forge_check(f->n_hashed < HASHES_MAX, "room for hashes");
        f->hash[f->n_hashed] = fetch(hash);
        f->hashed[f->n_hashed++] = forge_copy(bytes, n);
}

static void add_snp(struct floor *f, struct forge_guest *g, const struct forge_bytes *hcl) {
        const uint8_t *report = hcl->bytes + 32;

        add_ecdsa(&f->each, g->vek, "SHA384", report, 0x2a0, snp_der(report));
        set_point(&f->chip, g->vek, "P-384");
        add_certificate(&f->chip, g->vek_certificate, &g->pki->ca[FORGE_ASK_MILAN]);
        add_certificate(&f->above, g->pki->ca[FORGE_ASK_MILAN].certificate, &g->pki->ca[FORGE_ARK_MILAN]);
}

/* Of a quote of version 4: 632 bytes and a size; signature, key, type and size; the enclave's report. */
static void add_tdx(struct floor *f, struct forge_guest *g, const struct forge_bytes *hcl,
        const struct forge_bytes *quote) {
        const uint8_t *signature = quote->bytes + 636, *enclave = signature + 128 + 6;

        add_ecdsa(&f->each, g->quote.attestation_key, "SHA256", quote->bytes, 632,
                ecdsa_der(signature, signature + 32, 32));
        add_ecdsa(&f->each, g->quote.pck, "SHA256", enclave, 384,
                ecdsa_der(enclave + 384, enclave + 416, 32));
        set_point(&f->each, g->quote.attestation_key, "P-256");
        set_point(&f->chip, g->quote.pck, "P-256");
        add_hash(f, "SHA384", hcl->bytes + 32 + 256, 239);
        add_hash(f, "SHA384", hcl->bytes + 32 + 512, 512);
        add_hash(f, "SHA256", quote->bytes, 96);
        add_certificate(&f->chip, g->quote.pck_certificate, &g->pki->ca[FORGE_INTEL_PLATFORM]);
        add_certificate(&f->above, g->pki->ca[FORGE_INTEL_PLATFORM].certificate,
                &g->pki->ca[FORGE_INTEL_ROOT]);
}

/* Each event extends a register: SHA-256 over its value and the digest. */
static void add_log(struct floor *f) {
        static const uint8_t both[2 * 32];

        for (unsigned i = 0; i < LOG_EVENTS; i++)
                add_hash(f, "SHA256", both, sizeof(both));
}

/* Nonce, bind and claims into the binding, and the binding into a batch. */
static void add_binding(struct floor *f, const struct forge_guest *g) {
        static const uint8_t zeros[128];

        add_hash(f, "SHA256", g->claims, strlen(g->claims));
        add_hash(f, "SHA256", zeros, 16);
        add_hash(f, "SHA256", zeros, 111);
        add_hash(f, "SHA256", zeros, 49);
}

struct floor *floor_new(struct forge_guest *g) {
        struct floor *f = calloc(1, sizeof(*f));
        struct forge_bytes hcl, quote = {}, message, signature;
        static const uint8_t user_data[64];

        forge_check(f != NULL, "calloc");
        hcl = forge_guest_hcl(g, user_data, &quote);
        forge_guest_quote(g, "nonce", 5, &message, &signature);
        if (g->tdx)
                add_tdx(f, g, &hcl, &quote);
        else
                add_snp(f, g, &hcl);
        add(&f->each, g->ak, "SHA256", 0, message.bytes, message.n, signature.bytes + 6, signature.n - 6);
        add_certificate(&f->above, g->ak_certificate, &g->pki->ca[FORGE_AZURE_CA]);
        add_certificate(&f->above, g->pki->ca[FORGE_AZURE_CA].certificate, &g->pki->ca[FORGE_AZURE_ROOT]);
        add_hash(f, "SHA256", hcl.bytes + 1236, hcl.n - 1236);
        add_hash(f, "SHA256", g->log.banks[1].values, 24 * 32);
        add_binding(f, g);
        add_log(f);
        forge_bytes_done(&signature);
        forge_bytes_done(&message);
        forge_bytes_done(&quote);
        forge_bytes_done(&hcl);
        return f;
}

static void list_done(struct list *l) {
        forge_bytes_done(&l->point.bytes);
        for (size_t i = 0; i < l->n; i++) {
                EVP_PKEY_CTX_free(l->of[i].context);
                EVP_MD_free(l->of[i].hash);
                forge_bytes_done(&l->of[i].message);
                forge_bytes_done(&l->of[i].signature);
        }
}

void floor_free(struct floor *f) {
        if (!f)
                return;
        list_done(&f->each);
        list_done(&f->chip);
        list_done(&f->above);
        for (size_t i = 0; i < f->n_hashed; i++) {
                EVP_MD_free(f->hash[i]);
                forge_bytes_done(&f->hashed[i]);
        }
        free(f);
}

static void read_point(const struct point *p) {
        OSSL_PARAM parameters[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)p->curve, 0),
                OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, p->bytes.bytes, p->bytes.n),
                OSSL_PARAM_END,
        };
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        EVP_PKEY *key = NULL;

        forge_check(context && EVP_PKEY_fromdata_init(context) == 1 &&
                        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1,
                "making a public key");
        EVP_PKEY_free(key);
        EVP_PKEY_CTX_free(context);
}

static void verify(const struct list *l) {
        if (l->point.bytes.n)
                read_point(&l->point);
        for (size_t i = 0; i < l->n; i++) {
                const struct signature *s = &l->of[i];
                uint8_t hash[64];
                size_t n = digest(s->hash, &s->message, hash);

                forge_check(EVP_PKEY_verify(s->context, s->signature.bytes, s->signature.n, hash, n) == 1,
                        "a signature");
        }
}

void floor_each(struct floor *f) {
        uint8_t hash[64];

        verify(&f->each);
        for (size_t i = 0; i < f->n_hashed; i++)
                digest(f->hash[i], &f->hashed[i], hash);
}

void floor_chip(struct floor *f) {
        verify(&f->chip);
}

void floor_above(struct floor *f) {
        verify(&f->above);
}
