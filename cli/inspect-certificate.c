/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates and public keys, as PEM and as DER. */
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "cli/inspect.h"
#include "lib/base/digest.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/format/pem.h"
#include "lib/format/vek-certificate.h"

#define PUBLIC_KEY_MAX 4096

static void x509_freep(X509 **x) {
        X509_free(*x);
}

static void key_freep(EVP_PKEY **k) {
        EVP_PKEY_free(*k);
}

static void bio_freep(BIO **b) {
        BIO_free(*b);
}

static void bn_freep(BIGNUM **b) {
        BN_free(*b);
}

/* "CN=SEV-Milan,O=..."; what cannot be told is "". */
static void name_text(const X509_NAME *name, char *ret, size_t n) {
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        int written = 0;

        if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
                written = BIO_read(bio, ret, (int)n - 1);
        ret[written > 0 ? written : 0] = 0;
}

/* UTC, as everybody in the field writes it; seconds since 1970 when it does not fit a calendar. */
static void add_time(struct inspection *i, const char *key, const ASN1_TIME *t) {
        struct tm tm;

        if (ASN1_TIME_to_tm(t, &tm) == 1)
                inspection_text(i, key, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        else
                inspection_text(i, key, "unreadable");
}

static void add_rsa(struct inspection *i, const EVP_PKEY *key) {
        _cleanup_(bn_freep) BIGNUM *n = NULL;
        uint8_t bytes[1024];

        if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                BN_num_bytes(n) <= (int)sizeof(bytes))
                inspection_hex(i, "key-modulus", bytes, (size_t)BN_bn2bin(n, bytes));
}

static void add_ec(struct inspection *i, const EVP_PKEY *key) {
        uint8_t point[256];
        size_t n = 0;

        if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) == 1)
                inspection_hex(i, "key-point", point, n);
}

static void add_key(struct inspection *i, const EVP_PKEY *key) {
        const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

        inspection_text(i, "key", "%s, %d bits", type ?: "unreadable", key ? EVP_PKEY_get_bits(key) : 0);
        if (key && EVP_PKEY_is_a(key, "RSA"))
                add_rsa(i, key);
        else if (key && EVP_PKEY_is_a(key, "EC"))
                add_ec(i, key);
}

static void add_serial(struct inspection *i, const X509 *certificate) {
        const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

        inspection_hex(i, "serial", ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
}

/* AMD's extensions: only its certificates of chips have them, and those whole. */
static void add_vek(struct inspection *i, X509 *certificate) {
        struct vek_certificate v;
        bool turin;

        if (vek_certificate_parse(certificate, &v, NULL) < 0)
                return;
        turin = v.product == SNP_TURIN;
        inspection_text(i, "amd-product", "%s", v.product_name);
        if (turin)
                inspection_number(i, "amd-fmc", v.tcb.fmc);
        inspection_number(i, "amd-boot-loader", v.tcb.boot_loader);
        inspection_number(i, "amd-tee", v.tcb.tee);
        inspection_number(i, "amd-snp", v.tcb.snp);
        inspection_number(i, "amd-microcode", v.tcb.microcode);
        if (v.n_hwid > 0)
                inspection_hex(i, "amd-hwid", v.hwid, v.n_hwid);
        else
                inspection_text(i, "amd-csp-id", "%s", v.csp_id);
}

int inspect_certificate(struct inspection *i, struct span der, struct diag *d) {
        _cleanup_(x509_freep) X509 *certificate = NULL;
        char subject[512], issuer[512], algorithm[64];
        struct digest fingerprint;
        bool own;
        int r = certificate_parse(der.bytes, der.n, "certificate", &certificate, d);

        if (r < 0)
                return r;
        r = digest_sha256(der.bytes, der.n, &fingerprint);
        if (r < 0)
                return diag_errno(d, r, "SHA-256");
        name_text(X509_get_subject_name(certificate), subject, sizeof(subject));
        name_text(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
        own = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
        if (own)
                inspection_part(i, "certificate", "nothing but its fingerprint: it signs itself");
        else
                inspection_part(i, "certificate", "its signature by %s", issuer);
        inspection_text(i, "subject", "%s", subject);
        inspection_text(i, "issuer", "%s", issuer);
        add_serial(i, certificate);
        add_time(i, "not-before", X509_get0_notBefore(certificate));
        add_time(i, "not-after", X509_get0_notAfter(certificate));
        add_key(i, X509_get0_pubkey(certificate));
        OBJ_obj2txt(algorithm, sizeof(algorithm), OBJ_nid2obj(X509_get_signature_nid(certificate)), 0);
        inspection_text(i, "signature-algorithm", "%s", algorithm);
        inspection_hex(i, "sha256", fingerprint.bytes, sizeof(fingerprint.bytes));
        add_vek(i, certificate);
        return 0;
}

static int inspect_public_key(struct inspection *i, struct span text, struct diag *d) {
        _cleanup_(freep) uint8_t *der = NULL;
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        const uint8_t *at;
        struct span body, more;
        size_t n;
        int r = pem_next(&text, PEM_STRING_PUBLIC, "public key", &body, d);

        if (r < 0)
                return r;
        if (pem_next(&text, PEM_STRING_PUBLIC, "public key", &more, d) != -ENODATA)
                return diag_fail(d, -EBADMSG, "public key: something follows it");
        r = pem_decode(body, "public key", PUBLIC_KEY_MAX, &der, &n, d);
        if (r < 0)
                return r;
        at = der;
        key = d2i_PUBKEY(NULL, &at, (long)n);
        if (!key || at != der + n)
                return diag_fail(d, -EBADMSG, "public key: not a key in DER");
        inspection_part(i, "public-key", "nothing");
        add_key(i, key);
        return 0;
}

/* Certificates as they follow each other, or one public key. */
int inspect_pem(struct inspection *i, struct span bytes, struct diag *d) {
        static const char key[] = "-----BEGIN PUBLIC KEY-----";
        struct span body;
        int r;

        if (bytes.n > strlen(key) && memcmp(bytes.bytes, key, strlen(key)) == 0)
                return inspect_public_key(i, bytes, d);
        while ((r = pem_next(&bytes, PEM_STRING_X509, "certificates", &body, d)) == 0) {
                _cleanup_(freep) uint8_t *der = NULL;
                size_t n;

                r = pem_decode(body, "certificates", CERTIFICATE_MAX, &der, &n, d);
                if (r == 0)
                        r = inspect_certificate(i, (struct span){ der, n }, d);
                if (r < 0)
                        return r;
        }
        return r == -ENODATA ? 0 : r;
}
