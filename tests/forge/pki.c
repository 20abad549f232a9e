/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The authorities: their table, making them, and the file that keeps them. */
#include <openssl/pem.h>
#include <string.h>

#include "tests/forge/pki.h"

#define AMD "/OU=Engineering/C=US/L=Santa Clara/ST=CA/O=Advanced Micro Devices/CN="
#define MICROSOFT "/C=US/O=Microsoft Corporation/CN="
#define EKU_AK "2.23.133.8.3" /* tcg-kp-AIKCertificate */

static const struct authority {
        const char *subject;
        enum forge_ca_name issuer; /* itself: a root */
        enum forge_signing signing;
        unsigned rsa_bits; /* 0: P-256 */
        bool leaf;         /* no CA */
        int path_length;
} authorities[_FORGE_CA_MAX] = {
        [FORGE_ARK_MILAN] = { AMD "ARK-Milan", FORGE_ARK_MILAN, FORGE_PSS_SHA384, 4096, false, -1 },
        [FORGE_ASK_MILAN] = { AMD "SEV-Milan", FORGE_ARK_MILAN, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_ASVK_MILAN] = { AMD "SEV-VLEK-Milan", FORGE_ARK_MILAN, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_ARK_GENOA] = { AMD "ARK-Genoa", FORGE_ARK_GENOA, FORGE_PSS_SHA384, 4096, false, -1 },
        [FORGE_ASK_GENOA] = { AMD "SEV-Genoa", FORGE_ARK_GENOA, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_ASVK_GENOA] = { AMD "SEV-VLEK-Genoa", FORGE_ARK_GENOA, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_ARK_TURIN] = { AMD "ARK-Turin", FORGE_ARK_TURIN, FORGE_PSS_SHA384, 4096, false, -1 },
        [FORGE_ASK_TURIN] = { AMD "SEV-Turin", FORGE_ARK_TURIN, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_ASVK_TURIN] = { AMD "SEV-VLEK-Turin", FORGE_ARK_TURIN, FORGE_PSS_SHA384, 4096, false, 0 },
        [FORGE_INTEL_ROOT] = { "/CN=Intel SGX Root CA/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
                FORGE_INTEL_ROOT, FORGE_ECDSA_SHA256, 0, false, 1 },
        [FORGE_INTEL_PLATFORM] = { "/CN=Intel SGX PCK Platform CA/O=Intel Corporation/L=Santa "
                                   "Clara/ST=CA/C=US",
                FORGE_INTEL_ROOT, FORGE_ECDSA_SHA256, 0, false, 0 },
        [FORGE_INTEL_TCB] = { "/CN=Intel SGX TCB Signing/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
                FORGE_INTEL_ROOT, FORGE_ECDSA_SHA256, 0, true, -1 },
        [FORGE_AZURE_ROOT] = { MICROSOFT "Azure Virtual TPM Root Certificate Authority 2023",
                FORGE_AZURE_ROOT, FORGE_PKCS1_SHA256, 2048, false, -1 },
        [FORGE_AZURE_CA] = { MICROSOFT "Global Virtual TPM CA - 01", FORGE_AZURE_ROOT, FORGE_PKCS1_SHA256,
                2048, false, 0 },
};

static X509 *certify(const struct authority *a, EVP_PKEY *key, const struct forge_ca *issuer) {
        struct forge_certificate c = {
                .subject = a->subject,
                .key = key,
                .issuer = issuer,
                .signing = a->signing,
                .ca = !a->leaf,
                .path_length = a->path_length,
                .no_lists = issuer &&
                        a->signing == FORGE_PSS_SHA384, /* AMD's ARKs sign lists, its ASKs do not */
                .serial = 65536 + (long)(a - authorities),
        };

        return forge_certificate_make(&c);
}

void forge_pki_make(struct forge_pki *ret) {
        *ret = (struct forge_pki){};
        for (size_t i = 0; i < _FORGE_CA_MAX; i++) {
                const struct authority *a = &authorities[i];
                struct forge_ca *ca = &ret->ca[i];
                bool root = a->issuer == i;

                ca->signing = a->signing;
                ca->key = a->rsa_bits ? forge_rsa_key(a->rsa_bits) : forge_ec_key("P-256");
                ca->certificate = certify(a, ca->key, root ? NULL : &ret->ca[a->issuer]);
        }
        for (size_t i = 0; i < _FORGE_KEY_MAX; i++)
                ret->key[i] = forge_rsa_key(2048);
}

static EVP_PKEY *share(EVP_PKEY *key) {
        forge_check(EVP_PKEY_up_ref(key), "sharing a key");
        return key;
}

void forge_ca_imitate_below(const struct forge_pki *p, enum forge_ca_name name,
        const struct forge_ca *issuer, struct forge_ca *ret) {
        const struct authority *a = &authorities[name];
        struct forge_ca imitation = { .signing = a->signing };

        if (a->rsa_bits == 4096)
                imitation.key = share(p->ca[(name + 3) % FORGE_INTEL_ROOT].key); /* the next product's */
        else if (a->rsa_bits)
                imitation.key = share(p->key[FORGE_OTHER_AK]);
        else
                imitation.key = forge_ec_key("P-256");
        imitation.certificate = certify(a, imitation.key, issuer);
        *ret = imitation;
}

void forge_ca_imitate(const struct forge_pki *p, enum forge_ca_name name, struct forge_ca *ret) {
        forge_ca_imitate_below(p, name, NULL, ret);
}

void forge_ca_done(struct forge_ca *ca) {
        EVP_PKEY_free(ca->key);
        X509_free(ca->certificate);
        *ca = (struct forge_ca){};
}

void forge_pki_done(struct forge_pki *p) {
        for (size_t i = 0; i < _FORGE_CA_MAX; i++)
                forge_ca_done(&p->ca[i]);
        for (size_t i = 0; i < _FORGE_KEY_MAX; i++)
                EVP_PKEY_free(p->key[i]);
        *p = (struct forge_pki){};
}

void forge_pki_save(const struct forge_pki *p, const char *path) {
        _cleanup_(fclosep) FILE *f = fopen(path, "we");

        forge_check(f != NULL, path);
        for (size_t i = 0; i < _FORGE_CA_MAX; i++)
                forge_check(PEM_write_PrivateKey(f, p->ca[i].key, NULL, NULL, 0, NULL, NULL) &&
                                PEM_write_X509(f, p->ca[i].certificate),
                        path);
        for (size_t i = 0; i < _FORGE_KEY_MAX; i++)
                forge_check(PEM_write_PrivateKey(f, p->key[i], NULL, NULL, 0, NULL, NULL), path);
        forge_check(fflush(f) == 0, path);
}

void forge_pki_load(const char *path, struct forge_pki *ret) {
        _cleanup_(fclosep) FILE *f = fopen(path, "re");
        struct forge_pki p = {};

        forge_check(f != NULL, path);
        for (size_t i = 0; i < _FORGE_CA_MAX; i++) {
                p.ca[i].signing = authorities[i].signing;
                p.ca[i].key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
                p.ca[i].certificate = PEM_read_X509(f, NULL, NULL, NULL);
                forge_check(p.ca[i].key && p.ca[i].certificate, path);
        }
        for (size_t i = 0; i < _FORGE_KEY_MAX; i++) {
                p.key[i] = PEM_read_PrivateKey(f, NULL, NULL, NULL);
                forge_check(p.key[i] != NULL, path);
        }
        *ret = p;
}

void forge_pki_save_roots(const struct forge_pki *p, const char *folder) {
        static const struct {
                const char *name;
                enum forge_ca_name ca;
        } roots[] = {
                { "amd-ark.pem", FORGE_ARK_MILAN },
                { "amd-ark-genoa.pem", FORGE_ARK_GENOA },
                { "amd-ark-turin.pem", FORGE_ARK_TURIN },
                { "intel-root.pem", FORGE_INTEL_ROOT },
                { "azure-vtpm-root.pem", FORGE_AZURE_ROOT },
        };

        for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
                _cleanup_(freep) char *path = NULL;
                _cleanup_(fclosep) FILE *f = NULL;

                forge_check(asprintf(&path, "%s/%s", folder, roots[i].name) > 0, folder);
                f = fopen(path, "we");
                forge_check(f && PEM_write_X509(f, p->ca[roots[i].ca].certificate), path);
        }
}

X509 *forge_ak_certificate(const struct forge_pki *p, const struct forge_ak *a, EVP_PKEY *ak) {
        struct forge_certificate c = {
                .subject = "/CN=b7b1c7f0-5a3e-4d57-9a3c-0c8d2e1f4a55.TrustedVM.Azure",
                .key = ak,
                .issuer = a->ca ? a->ca : &p->ca[FORGE_AZURE_CA],
                .not_before = a->not_before,
                .not_after = a->not_after,
                .serial = a->serial ? a->serial : 7001,
                .extended_key_usage = a->without_usage ? NULL : EKU_AK,
        };

        return forge_certificate_make(&c);
}
