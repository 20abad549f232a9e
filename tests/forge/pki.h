/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Three PKIs with the shapes and names of AMD's, Intel's and Azure's, and keys of our own. Their keys are
 * slow to make: forge-pki makes them once a build folder, and everybody loads that file (FORGE_PKI).
 */
#include "lib/format/snp-report.h"
#include "tests/forge/x509.h"

enum forge_ca_name {
        FORGE_ARK_MILAN,
        FORGE_ASK_MILAN,
        FORGE_ASVK_MILAN,
        FORGE_ARK_GENOA,
        FORGE_ASK_GENOA,
        FORGE_ASVK_GENOA,
        FORGE_ARK_TURIN,
        FORGE_ASK_TURIN,
        FORGE_ASVK_TURIN,
        FORGE_INTEL_ROOT,
        FORGE_INTEL_PLATFORM, /* issues PCK certificates */
        FORGE_INTEL_TCB,      /* signs collateral; no CA */
        FORGE_AZURE_ROOT,
        FORGE_AZURE_CA, /* issues AK certificates */
        _FORGE_CA_MAX,
};

/* RSA-2048 keys of a TPM. */
enum forge_key_name {
        FORGE_AK,
        FORGE_EK,
        FORGE_OTHER_AK, /* of another machine, or of an attacker's software */
        _FORGE_KEY_MAX,
};

struct forge_pki {
        struct forge_ca ca[_FORGE_CA_MAX];
        EVP_PKEY *key[_FORGE_KEY_MAX];
};

void forge_pki_make(struct forge_pki *ret); /* takes seconds */
void forge_pki_done(struct forge_pki *p);
void forge_pki_save(const struct forge_pki *p, const char *path);
void forge_pki_load(const char *path, struct forge_pki *ret);

/* Its roots as files in a folder that is there: amd-ark.pem (Milan), amd-ark-genoa.pem, amd-ark-turin.pem,
 * intel-root.pem, azure-vtpm-root.pem. */
void forge_pki_save_roots(const struct forge_pki *p, const char *folder);

/* A CA of that name and kind with another key, as an attacker would make it: signs itself; or below his own.
 */
void forge_ca_imitate(const struct forge_pki *p, enum forge_ca_name name, struct forge_ca *ret);
void forge_ca_imitate_below(const struct forge_pki *p, enum forge_ca_name name,
        const struct forge_ca *issuer, struct forge_ca *ret);
void forge_ca_done(struct forge_ca *ca);

/* The certificate of a chip's key (P-384), and the chain that vouches for it. */
struct forge_vek {
        enum snp_product product;
        const char *product_name; /* NULL: "Milan-B0" and the like; a VLEK's has no stepping */
        struct snp_tcb tcb;
        uint8_t chip_id[64];          /* Turin: the first 8 are the HWID */
        bool wrapped;                 /* the HWID in an OCTET STRING of its own */
        const char *csp_id;           /* not NULL: a VLEK */
        const struct forge_ca *ca;    /* NULL: ASK or ASVK of the product */
        time_t not_before, not_after; /* 0: as all */
        long serial;
};
X509 *forge_vek_certificate(const struct forge_pki *p, const struct forge_vek *v, EVP_PKEY *key);

/* PEM: leaf (if there is one), ASK or ASVK, ARK. */
struct forge_bytes forge_vek_chain(const struct forge_pki *p, enum snp_product product, bool vlek,
        X509 *leaf);

/* Intel's certificate of a platform's key (P-256), with the SGX extension. */
struct forge_pck {
        uint8_t fmspc[6], pceid[2], cpusvn[16];
        uint16_t pcesvn;
        time_t not_before, not_after;
        long serial;
};
X509 *forge_pck_certificate(const struct forge_pki *p, const struct forge_pck *k, EVP_PKEY *key);

/* PEM: leaf, platform CA, root, as a quote carries it. */
struct forge_bytes forge_pck_chain(const struct forge_pki *p, X509 *leaf);

/* Azure's certificate of a vTPM's AK. */
struct forge_ak {
        const struct forge_ca *ca; /* NULL: Azure's */
        bool without_usage;        /* no EKU 2.23.133.8.3 */
        time_t not_before, not_after;
        long serial;
};
X509 *forge_ak_certificate(const struct forge_pki *p, const struct forge_ak *a, EVP_PKEY *ak);
