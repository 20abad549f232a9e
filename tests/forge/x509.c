/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates and revocation lists, by OpenSSL's own builders. */
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/forge/x509.h"

EVP_PKEY *forge_rsa_key(unsigned bits) {
        EVP_PKEY *key = EVP_RSA_gen(bits);

        forge_check(key != NULL, "making an RSA key");
        return key;
}

EVP_PKEY *forge_ec_key(const char *curve) {
        EVP_PKEY *key = EVP_EC_gen(curve);

        forge_check(key != NULL, "making an EC key");
        return key;
}

static X509_NAME *name_of(const char *subject) {
        _cleanup_(freep) char *copy = strdup(subject);
        X509_NAME *name = X509_NAME_new();
        char *rest = NULL;

        forge_check(copy && name, "a name");
        for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
                char *value = strchr(part, '=');

                forge_check(value != NULL, subject);
                *value++ = '\0';
                forge_check(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const uint8_t *)value, -1,
                                    -1, 0),
                        part);
        }
        return name;
}

static void add_standard(X509 *certificate, X509 *issuer, int nid, const char *value) {
        X509V3_CTX context;
        X509_EXTENSION *extension;

        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        forge_check(extension && X509_add_ext(certificate, extension, -1), value);
        X509_EXTENSION_free(extension);
}

static void add_foreign(X509 *certificate, const struct forge_extension *e) {
        ASN1_OBJECT *oid = OBJ_txt2obj(e->oid, 1);
        ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
        X509_EXTENSION *extension = NULL;

        forge_check(oid && content && ASN1_OCTET_STRING_set(content, e->der.bytes, (int)e->der.n), e->oid);
        extension = X509_EXTENSION_create_by_OBJ(NULL, oid, e->critical, content);
        forge_check(extension && X509_add_ext(certificate, extension, -1), e->oid);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(content);
        ASN1_OBJECT_free(oid);
}

static EVP_MD_CTX *signing_context(EVP_PKEY *key, enum forge_signing signing) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters = NULL;
        const EVP_MD *md = signing == FORGE_PSS_SHA384 ? EVP_sha384() : EVP_sha256();

        forge_check(context && EVP_DigestSignInit(context, &parameters, md, NULL, key) == 1, "signing");
        if (signing == FORGE_PSS_SHA384)
                forge_check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 48) == 1 &&
                                EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, md) == 1,
                        "PSS");
        return context;
}

void forge_certificate_sign(X509 *certificate, EVP_PKEY *key, enum forge_signing signing) {
        EVP_MD_CTX *context = signing_context(key, signing);

        forge_check(X509_sign_ctx(certificate, context) > 0, "signing a certificate");
        EVP_MD_CTX_free(context);
}

static void add_extensions(X509 *certificate, const struct forge_certificate *c) {
        X509 *issuer = c->issuer ? c->issuer->certificate : certificate;
        char constraints[64];

        if (c->ca) {
                if (c->path_length < 0)
                        snprintf(constraints, sizeof(constraints), "critical,CA:TRUE");
                else
                        snprintf(constraints, sizeof(constraints), "critical,CA:TRUE,pathlen:%d",
                                c->path_length);
                add_standard(certificate, issuer, NID_basic_constraints, constraints);
                add_standard(certificate, issuer, NID_key_usage,
                        c->no_lists ? "critical,keyCertSign" : "critical,keyCertSign,cRLSign");
                add_standard(certificate, issuer, NID_subject_key_identifier, "hash");
        }
        if (c->extended_key_usage)
                add_standard(certificate, issuer, NID_ext_key_usage, c->extended_key_usage);
        for (size_t i = 0; i < c->n_extensions; i++)
                add_foreign(certificate, &c->extensions[i]);
}

X509 *forge_certificate_make(const struct forge_certificate *c) {
        X509 *certificate = X509_new();
        X509_NAME *subject = name_of(c->subject);

        forge_check(certificate && X509_set_version(certificate, X509_VERSION_3) &&
                        ASN1_INTEGER_set(X509_get_serialNumber(certificate), c->serial ? c->serial : 1) &&
                        X509_set_subject_name(certificate, subject) &&
                        X509_set_issuer_name(certificate,
                                c->issuer ? X509_get_subject_name(c->issuer->certificate) : subject) &&
                        X509_set_pubkey(certificate, c->key) &&
                        ASN1_TIME_set(X509_getm_notBefore(certificate),
                                c->not_before ? c->not_before : FORGE_NOT_BEFORE) &&
                        ASN1_TIME_set(X509_getm_notAfter(certificate),
                                c->not_after ? c->not_after : FORGE_NOT_AFTER),
                c->subject);
        add_extensions(certificate, c);
        forge_certificate_sign(certificate, c->issuer ? c->issuer->key : c->key,
                c->issuer ? c->issuer->signing : c->signing);
        X509_NAME_free(subject);
        return certificate;
}

static void add_revoked(X509_CRL *crl, long serial, time_t when) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_TIME *date = ASN1_TIME_set(NULL, when);

        forge_check(revoked && number && date && ASN1_INTEGER_set(number, serial) &&
                        X509_REVOKED_set_serialNumber(revoked, number) &&
                        X509_REVOKED_set_revocationDate(revoked, date) &&
                        X509_CRL_add0_revoked(crl, revoked),
                "revoking");
        ASN1_TIME_free(date);
        ASN1_INTEGER_free(number);
}

X509_CRL *forge_crl_make(const struct forge_ca *issuer, const long *serials, size_t n, time_t this_update,
        time_t next_update) {
        X509_CRL *crl = X509_CRL_new();
        ASN1_TIME *from = ASN1_TIME_set(NULL, this_update ? this_update : FORGE_NOT_BEFORE);
        ASN1_TIME *to = ASN1_TIME_set(NULL, next_update ? next_update : FORGE_NOT_AFTER);
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        EVP_MD_CTX *context = signing_context(issuer->key, issuer->signing);

        forge_check(crl && from && to && number && ASN1_INTEGER_set(number, 1) &&
                        X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
                        X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)) &&
                        X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, to) &&
                        X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1,
                "a revocation list");
        for (size_t i = 0; i < n; i++)
                add_revoked(crl, serials[i], this_update ? this_update : FORGE_NOT_BEFORE);
        forge_check(X509_CRL_sort(crl) && X509_CRL_sign_ctx(crl, context) > 0, "signing a revocation list");
        EVP_MD_CTX_free(context);
        ASN1_INTEGER_free(number);
        ASN1_TIME_free(to);
        ASN1_TIME_free(from);
        return crl;
}

static void put_bio(struct forge_bytes *b, BIO *bio) {
        char *text = NULL;
        long n = BIO_get_mem_data(bio, &text);

        forge_put(b, text, (size_t)n);
        BIO_free(bio);
}

void forge_put_pem(struct forge_bytes *b, X509 *certificate) {
        BIO *bio = BIO_new(BIO_s_mem());

        forge_check(bio && PEM_write_bio_X509(bio, certificate), "writing PEM");
        put_bio(b, bio);
}

void forge_put_crl_pem(struct forge_bytes *b, X509_CRL *crl) {
        BIO *bio = BIO_new(BIO_s_mem());

        forge_check(bio && PEM_write_bio_X509_CRL(bio, crl), "writing PEM");
        put_bio(b, bio);
}

struct forge_bytes forge_der(X509 *certificate) {
        struct forge_bytes ret = {};
        uint8_t *der = NULL;
        int n = i2d_X509(certificate, &der);

        forge_check(n > 0, "writing DER");
        forge_put(&ret, der, (size_t)n);
        OPENSSL_free(der);
        return ret;
}

void forge_put_der(struct forge_bytes *b, uint8_t tag, const void *content, size_t n) {
        forge_be(b, tag, 1);
        if (n < 128) {
                forge_be(b, n, 1);
        } else {
                size_t size = n < 256 ? 1 : 2; /* DER takes the shortest */

                forge_be(b, 0x80 | size, 1);
                forge_be(b, n, size);
        }
        forge_put(b, content, n);
}

void forge_put_oid(struct forge_bytes *b, const char *oid) {
        ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
        uint8_t *der = NULL;
        int n = i2d_ASN1_OBJECT(object, &der);

        forge_check(object && n > 0, oid);
        forge_put(b, der, (size_t)n);
        OPENSSL_free(der);
        ASN1_OBJECT_free(object);
}
