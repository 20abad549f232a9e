/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * X.509 certificates, each read once: a cache, bounded and keyed by the bytes as they came, keeps them with
 * what was found out about them. Not for several threads.
 */
#include <openssl/x509.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/digest.h"
#include "lib/format/pck-certificate.h"
#include "lib/format/pem.h"
#include "lib/format/vek-certificate.h"

#define CERTIFICATES_MAX 64 /* that are looked at together */

/* "SEV-Milan": a common name, escaped and cut where it has to be; "no name" without one. */
struct certificate_name {
        char text[72];
};

/* That one certificate issued another for a vendor's chain, with so many authorities in between. */
struct issued {
        bool known;
        struct digest by; /* fingerprint */
        unsigned vendor;
        size_t below;
};

struct certificate {
        unsigned references;
        X509 *x509;           /* for its fields; key and signed part are below */
        EVP_PKEY *key;        /* its public key */
        uint8_t *signed_part; /* the DER of what its issuer signed */
        size_t n_signed_part;
        struct digest fingerprint;     /* SHA-256 of the DER */
        int64_t not_before, not_after; /* seconds since 1970 */
        struct certificate_name name;  /* of its subject */
        struct issued issued;          /* how it was found good; see chain.c */
        bool is_ak;                    /* for attestation keys (2.23.133.8.3, tcg-kp-AIKCertificate) */
        bool has_vek, has_pck;         /* were read; see certificate_vek() and certificate_pck() */
        struct vek_certificate vek;
        struct pck_certificate pck;
};

struct certificate *certificate_ref(struct certificate *c);
struct certificate *certificate_unref(struct certificate *c); /* NULL, for convenience; NULL is fine */

struct certificate_name certificate_name(const struct certificate *c);
struct certificate_name certificate_issuer(const struct certificate *c);

/* "2026-06-19": of seconds since 1970. */
struct day {
        char text[16];
};
struct day day_of(int64_t seconds);

/* What AMD's extensions say, read once. -EBADMSG: it is no VEK. *ret is as old as the certificate. */
int certificate_vek(struct certificate *c, const struct vek_certificate **ret, struct diag *d);

/* Likewise what Intel's say. -EBADMSG: it is no PCK certificate. */
int certificate_pck(struct certificate *c, const struct pck_certificate **ret, struct diag *d);

/* Whether it has AMD's extensions at all. */
bool certificate_is_vek(const struct certificate *c);

struct certificate_cache;
int certificate_cache_new(struct certificate_cache **ret);
void certificate_cache_free(struct certificate_cache *cache);
DEFINE_FREEP(struct certificate_cache, certificate_cache_free)

/* Certificates as they follow each other. Zero-initialised is none. */
struct certificates {
        struct certificate *of[CERTIFICATES_MAX];
        size_t n;
};

enum certificate_form {
        CERTIFICATE_PEM = 1, /* one or more, white space between them and nothing else */
        CERTIFICATE_DER,     /* exactly one */
        CERTIFICATE_EITHER,
};

/*
 * Adds to list what the bytes hold; what names them in messages. -EBADMSG for what is malformed, of the
 * other form, none at all, or followed by anything; -E2BIG for too many; -ENOMEM.
 */
int certificates_add(struct certificates *list, struct certificate_cache *cache, const char *what,
        enum certificate_form form, const void *bytes, size_t n, struct diag *d);
void certificates_done(struct certificates *list);
