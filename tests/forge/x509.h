/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificates and revocation lists. What is made belongs to the caller. */
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <time.h>

#include "tests/forge/bytes.h"

/* What all certificates are valid from and to unless told otherwise; tests verify in between. */
#define FORGE_NOT_BEFORE ((time_t)1577836800) /* 2020-01-01 */
#define FORGE_NOT_AFTER ((time_t)2524607999)  /* 2049-12-31 */
#define FORGE_NOW ((time_t)1780272000)        /* 2026-06-01 */
#define FORGE_NOW_TEXT "2026-06-01T00:00:00Z"

enum forge_signing {
        FORGE_PSS_SHA384 = 1, /* AMD: RSA, PSS, salt 48 */
        FORGE_PKCS1_SHA256,   /* Azure */
        FORGE_ECDSA_SHA256,   /* Intel */
};

/* Who signs; both are owned by whoever made them. */
struct forge_ca {
        EVP_PKEY *key;
        X509 *certificate;
        enum forge_signing signing;
};

struct forge_extension {
        const char *oid; /* dotted */
        bool critical;
        struct forge_bytes der; /* what the OCTET STRING of the extension holds */
};

struct forge_certificate {
        const char *subject;           /* "/C=US/CN=name" */
        EVP_PKEY *key;                 /* the subject's */
        const struct forge_ca *issuer; /* NULL: signs itself */
        enum forge_signing signing;    /* of one that signs itself */
        time_t not_before, not_after;  /* 0: as above */
        long serial;                   /* 0: 1 */
        bool ca;
        int path_length; /* of a CA; negative: none */
        bool no_lists;   /* of a CA: signs no revocation lists */
        const char *extended_key_usage;
        const struct forge_extension *extensions;
        size_t n_extensions;
};

X509 *forge_certificate_make(const struct forge_certificate *c);

/* Signs it anew after a change. */
void forge_certificate_sign(X509 *certificate, EVP_PKEY *key, enum forge_signing signing);

/* The serials that are revoked; next_update 0: as certificates end. */
X509_CRL *forge_crl_make(const struct forge_ca *issuer, const long *serials, size_t n, time_t this_update,
        time_t next_update);

void forge_put_pem(struct forge_bytes *b, X509 *certificate);
void forge_put_crl_pem(struct forge_bytes *b, X509_CRL *crl);
struct forge_bytes forge_der(X509 *certificate);

/* Bits for RSA, a curve's name for EC ("P-256", "P-384"). */
EVP_PKEY *forge_rsa_key(unsigned bits);
EVP_PKEY *forge_ec_key(const char *curve);

/* One DER element: a tag and what is in it. */
void forge_put_der(struct forge_bytes *b, uint8_t tag, const void *content, size_t n);
void forge_put_oid(struct forge_bytes *b, const char *oid);
