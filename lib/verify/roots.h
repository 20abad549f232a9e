/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trust anchors. Those that are built in are fingerprints: the certificate itself comes with the evidence,
 * and the fingerprint decides whether it is the vendor's. A folder adds certificates of its own.
 */
#include "lib/format/snp-report.h"
#include "lib/verify/certificate.h"

#define ROOTS_MAX 32

enum root_vendor {
        ROOT_AMD = 1, /* signs VCEKs and VLEKs */
        ROOT_INTEL,   /* signs PCK certificates and TDX collateral */
        ROOT_AZURE,   /* signs the AK certificates of vTPMs */
        _ROOT_VENDOR_MAX,
};

struct root {
        enum root_vendor vendor;
        char name[64];
        enum snp_product product; /* AMD, built in: the one product line that it is for; else 0 */
        struct digest fingerprint;
        char expires[11];                /* "2045-10-22" */
        struct certificate *certificate; /* NULL: built in */
        char *source;                    /* the file; NULL: built in */
};

struct roots {
        struct root of[ROOTS_MAX];
        size_t n;
};

/* Those that are built in. */
void roots_init(struct roots *roots);

/*
 * Adds the certificates of a folder: amd-*.pem, intel-*.pem, azure-*.pem, or .der, one a file. A file with
 * the name of one that is built in (amd-ark-milan.pem) replaces it; if it is empty, it only takes it away.
 * Other files are an error, for a root that is silently left out would be missed too late.
 */
int roots_load(struct roots *roots, const char *folder, struct certificate_cache *cache, struct diag *d);
void roots_done(struct roots *roots);

const char *root_vendor_to_string(enum root_vendor v); /* "amd", "intel", "azure" */

/* The root with this certificate; NULL: it is not pinned. */
const struct root *roots_find(const struct roots *roots, enum root_vendor vendor,
        const struct certificate *certificate);

/* The root, of those that a folder brought, that goes by the name of the issuer; NULL: none. */
const struct root *roots_find_issuer(const struct roots *roots, enum root_vendor vendor,
        const struct certificate *certificate);
