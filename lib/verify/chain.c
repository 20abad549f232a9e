/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chains here are short and in order, so that nothing has to be searched for: each step is one certificate
 * and the next. OpenSSL verifies the signatures and decodes the extensions.
 */
#include "lib/verify/chain.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define RSA_BITS_MIN 2048

static bool issued(const struct certificate *c, const struct certificate *by) {
        return X509_NAME_cmp(X509_get_issuer_name(c->x509), X509_get_subject_name(by->x509)) == 0;
}

size_t chain_length(struct certificate *const *certificates, size_t n) {
        size_t length = n > 0 ? 1 : 0;

        while (length < n && issued(certificates[length - 1], certificates[length]) &&
                !issued(certificates[length - 1], certificates[length - 1]))
                length++;
        return length;
}

/* How this vendor signs certificates: anything else was not made by it. */
static bool signs_so(enum root_vendor vendor, X509 *x509) {
        uint32_t flags = 0;
        int hash, key;

        if (X509_get_signature_info(x509, &hash, &key, NULL, &flags) != 1)
                return false;
        switch (vendor) {
        case ROOT_AMD: /* RSASSA-PSS; the flag says MGF1 with the same hash, and salt of its size */
                return key == NID_rsassaPss && hash == NID_sha384 && flags & X509_SIG_INFO_TLS;
        case ROOT_INTEL:
                return key == NID_X9_62_id_ecPublicKey && hash == NID_sha256;
        case ROOT_AZURE:
                return (key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey) &&
                        (hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512);
        case _ROOT_VENDOR_MAX:
                break;
        }
        return false;
}

static bool key_is_strong(const struct certificate *c) {
        if (EVP_PKEY_get_base_id(c->key) == EVP_PKEY_RSA)
                return EVP_PKEY_get_bits(c->key) >= RSA_BITS_MIN;
        return EVP_PKEY_get_base_id(c->key) == EVP_PKEY_EC && EVP_PKEY_get_bits(c->key) >= 256;
}

/* NULL, or why it may not have issued something; below: how many authorities stand between it and the leaf.
 */
static const char *not_an_authority(const struct certificate *c, size_t below) {
        long limit = X509_get_pathlen(c->x509);

        if (X509_check_ca(c->x509) != 1)
                return "is not the certificate of an authority";
        if (!(X509_get_key_usage(c->x509) & KU_KEY_CERT_SIGN))
                return "may not sign certificates";
        if (limit >= 0 && (size_t)limit < below)
                return "may not have that many authorities below it";
        if (X509_get_ext_by_NID(c->x509, NID_name_constraints, -1) >= 0)
                return "constrains names, which is not understood here";
        return NULL;
}

/* NULL, or what is wrong with it by itself. */
static const char *malformed(const struct certificate *c) {
        uint32_t flags = X509_get_extension_flags(c->x509);

        if (flags & EXFLAG_INVALID)
                return "has extensions that cannot be read";
        if (flags & EXFLAG_CRITICAL)
                return "has a critical extension that is not understood";
        return key_is_strong(c) ? NULL : "has a key that is too weak";
}

/* The signature over the bytes as they came, in the way that signs_so() let pass. */
static bool signature_holds(const struct certificate *c, EVP_PKEY *key) {
        const X509_ALGOR *outer;
        const ASN1_BIT_STRING *signature;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *how = NULL; /* belongs to the context */
        int hash, kind;
        bool good;

        X509_get0_signature(&signature, &outer, c->x509);
        good = context && X509_ALGOR_cmp(X509_get0_tbs_sigalg(c->x509), outer) == 0 &&
                X509_get_signature_info(c->x509, &hash, &kind, NULL, NULL) == 1 &&
                (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) == (kind == NID_X9_62_id_ecPublicKey) &&
                EVP_DigestVerifyInit(context, &how, EVP_get_digestbynid(hash), NULL, key) == 1;
        if (good && kind == NID_rsassaPss)
                good = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
        good = good &&
                EVP_DigestVerify(context, ASN1_STRING_get0_data(signature),
                        (size_t)ASN1_STRING_length(signature), c->signed_part, c->n_signed_part) == 1;
        EVP_MD_CTX_free(context);
        return good;
}

/*
 * Notes what is wrong with this step, if anything is. below: authorities between `by` and the leaf. All of
 * it rests on the two certificates alone, so a step that was good is remembered.
 */
static bool verify_step(struct certificate *c, const struct certificate *by, size_t below,
        enum root_vendor vendor, enum check_id id, struct checks *checks) {
        const struct issued step = { .known = true,
                .by = by->fingerprint,
                .vendor = vendor,
                .below = below };
        const char *problem;

        if (c->issued.known && c->issued.vendor == vendor && c->issued.below == below &&
                memcmp(c->issued.by.bytes, by->fingerprint.bytes, SHA256_SIZE) == 0)
                return true;
        problem = not_an_authority(by, below);
        if (problem)
                return check_note(checks, id, CHECK_FAIL, "%s %s", certificate_name(by).text, problem);
        if (!signs_so(vendor, c->x509))
                return check_note(checks, id, CHECK_FAIL,
                        "%s is not signed the way that certificates of %s are", certificate_name(c).text,
                        root_vendor_to_string(vendor));
        if (!signature_holds(c, by->key))
                return check_note(checks, id, CHECK_FAIL, "%s is not signed by the key of %s",
                        certificate_name(c).text, certificate_name(by).text);
        c->issued = step;
        return true;
}

static void note_validity(const struct certificate *c, int64_t at, enum check_id id, struct checks *checks) {
        if (at < c->not_before)
                check_note(checks, id, CHECK_FAIL, "%s is not valid before %s", certificate_name(c).text,
                        day_of(c->not_before).text);
        if (at > c->not_after)
                check_note(checks, id, CHECK_FAIL, "%s expired on %s", certificate_name(c).text,
                        day_of(c->not_after).text);
}

static void verify_validity(const struct certificates *chain, const struct certificate *root, int64_t at,
        enum check_id id, struct checks *checks) {
        int64_t until = root->not_after;

        for (size_t i = 0; i < chain->n; i++) {
                note_validity(chain->of[i], at, id, checks);
                if (chain->of[i]->not_after < until)
                        until = chain->of[i]->not_after;
        }
        note_validity(root, at, id, checks);
        check_note(checks, id, CHECK_PASS, "until %s", day_of(until).text);
}

/* The root that the last certificate is, or that issued it. */
static const struct root *find_root(const struct certificates *chain, enum root_vendor vendor,
        const struct roots *roots, enum check_id id, struct checks *checks) {
        const struct certificate *last = chain->of[chain->n - 1];
        const struct root *root = roots_find(roots, vendor, last);

        if (!root && !issued(last, last))
                root = roots_find_issuer(roots, vendor, last);
        if (root)
                check_note(checks, id, CHECK_PASS, "%s, %s", root->name, root->source ?: "built in");
        else if (issued(last, last))
                check_note(checks, id, CHECK_FAIL, "%s is not a root that is pinned (cvmctl attest roots)",
                        certificate_name(last).text);
        else
                check_note(checks, id, CHECK_UNAVAILABLE, "%s, which issued %s, is not there",
                        certificate_issuer(last).text, certificate_name(last).text);
        return root;
}

/* Each certificate with the next. */
static bool verify_steps(const struct certificates *chain, enum root_vendor vendor, enum check_id id,
        struct checks *checks) {
        bool good = true;

        for (size_t i = 0; i < chain->n; i++) {
                const char *problem = malformed(chain->of[i]);

                if (problem)
                        good = check_note(checks, id, CHECK_FAIL, "%s %s",
                                certificate_name(chain->of[i]).text, problem);
                if (i + 1 < chain->n)
                        good = verify_step(chain->of[i], chain->of[i + 1], i, vendor, id, checks) && good;
        }
        return good;
}

bool chain_verify(const struct certificates *chain, enum root_vendor vendor, const struct roots *roots,
        int64_t at, const struct chain_checks *ids, struct checks *c, const struct root **ret) {
        const struct certificate *last = chain->of[chain->n - 1], *top = last;
        size_t follows = chain_length(chain->of, chain->n);
        const struct root *root;
        bool good;

        *ret = NULL;
        if (follows < chain->n)
                return check_note(c, ids->chain, CHECK_FAIL,
                        "%s does not follow %s, which %s issued: the leaf comes first, then each one's "
                        "issuer, "
                        "and nothing else",
                        certificate_name(chain->of[follows]).text,
                        certificate_name(chain->of[follows - 1]).text,
                        certificate_issuer(chain->of[follows - 1]).text);
        root = find_root(chain, vendor, roots, ids->root, c);
        good = verify_steps(chain, vendor, ids->chain, c);
        if (root && root->certificate && roots_find(roots, vendor, last) != root) {
                top = root->certificate;
                good = verify_step(chain->of[chain->n - 1], top, chain->n - 1, vendor, ids->chain, c) &&
                        good;
        }
        verify_validity(chain, top, at, ids->validity, c);
        if (good && !root && chain->n == 1)
                check_note(c, ids->chain, CHECK_UNAVAILABLE, "no certificate of %s, which issued %s",
                        certificate_issuer(last).text, certificate_name(last).text);
        else if (good)
                check_note(c, ids->chain, CHECK_PASS, "%s, %zu %s", certificate_name(chain->of[0]).text,
                        chain->n, chain->n == 1 ? "certificate" : "certificates");
        *ret = good ? root : NULL;
        return *ret && check_passed(c, ids->validity);
}
