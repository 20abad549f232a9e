/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fingerprints are public facts: anyone can compute them from what the vendors publish. */
#include "lib/verify/roots.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "lib/base/hex.h"
#include "lib/base/name-table.h"
#include "lib/base/sysroot.h"

static const struct {
        enum root_vendor vendor;
        const char *name;
        enum snp_product product;
        const char *fingerprint, *expires;
} builtin[] = {
        { ROOT_AMD, "amd-ark-milan", SNP_MILAN,
                "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd", "2045-10-22" },
        { ROOT_AMD, "amd-ark-genoa", SNP_GENOA,
                "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1", "2047-01-26" },
        { ROOT_AMD, "amd-ark-turin", SNP_TURIN,
                "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a", "2048-05-15" },
        { ROOT_INTEL, "intel-sgx-root", 0,
                "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3", "2049-12-31" },
        { ROOT_AZURE, "azure-vtpm-root-2023", 0,
                "e6c596b17f8ffefba5c300f714cfb1260c6028704ecf7becc4ab5018efb00e95", "2048-06-01" },
};

static const char *const vendors[] = {
        [ROOT_AMD] = "amd",
        [ROOT_INTEL] = "intel",
        [ROOT_AZURE] = "azure",
};
_Static_assert(N_NAMES(vendors) == _ROOT_VENDOR_MAX, "every vendor has a name");

const char *root_vendor_to_string(enum root_vendor v) {
        return name_of(vendors, N_NAMES(vendors), v);
}

void roots_init(struct roots *roots) {
        roots->n = 0;
        for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
                struct root *r = &roots->of[roots->n++];

                *r = (struct root){ .vendor = builtin[i].vendor, .product = builtin[i].product };
                snprintf(r->name, sizeof(r->name), "%s", builtin[i].name);
                snprintf(r->expires, sizeof(r->expires), "%s", builtin[i].expires);
                hex_parse_exactly(builtin[i].fingerprint, r->fingerprint.bytes, SHA256_SIZE);
        }
}

static void root_done(struct root *r) {
        certificate_unref(r->certificate);
        free(r->source);
}

void roots_done(struct roots *roots) {
        for (size_t i = 0; i < roots->n; i++)
                root_done(&roots->of[i]);
        roots->n = 0;
}

static enum root_vendor vendor_of(const char *name) {
        for (unsigned v = 1; v < _ROOT_VENDOR_MAX; v++)
                if (strncmp(name, vendors[v], strlen(vendors[v])) == 0 && name[strlen(vendors[v])] == '-')
                        return v;
        return 0;
}

static void forget(struct roots *roots, const char *name) {
        for (size_t i = 0; i < roots->n; i++)
                if (strcmp(roots->of[i].name, name) == 0) {
                        root_done(&roots->of[i]);
                        memmove(&roots->of[i], &roots->of[i + 1], (--roots->n - i) * sizeof(roots->of[0]));
                        return;
                }
}

static int check_root(const char *path, const struct certificate *c, struct diag *d) {
        if (X509_NAME_cmp(X509_get_subject_name(c->x509), X509_get_issuer_name(c->x509)) != 0)
                return diag_fail(d, -EBADMSG, "%s: issued by %s, so it is no root", path,
                        certificate_issuer(c).text);
        if (X509_check_ca(c->x509) != 1)
                return diag_fail(d, -EBADMSG, "%s: not the certificate of an authority", path);
        if (X509_verify(c->x509, c->key) != 1)
                return diag_fail(d, -EBADMSG, "%s: its own signature is wrong", path);
        return 0;
}

static int add(struct roots *roots, const char *name, const char *path, const struct certificates *found,
        struct diag *d) {
        struct certificate *c = found->of[0];
        struct root *root;
        struct tm tm;
        int r;

        if (found->n != 1)
                return diag_fail(d, -EBADMSG, "%s: %zu certificates; a file has one root", path, found->n);
        r = check_root(path, c, d);
        if (r < 0)
                return r;
        if (roots->n == ROOTS_MAX)
                return diag_fail(d, -E2BIG, "%s: more than %d roots", path, ROOTS_MAX);
        root = &roots->of[roots->n];
        *root = (struct root){ .vendor = vendor_of(name), .fingerprint = c->fingerprint };
        root->source = strdup(path);
        if (!root->source)
                return -ENOMEM;
        root->certificate = certificate_ref(c);
        snprintf(root->name, sizeof(root->name), "%s", name);
        strftime(root->expires, sizeof(root->expires), "%Y-%m-%d",
                gmtime_r(&(time_t){ (time_t)c->not_after }, &tm));
        roots->n++;
        return 0;
}

static int load(struct roots *roots, struct sysroot *folder, const char *folder_name, const char *file,
        struct certificate_cache *cache, struct diag *d) {
        _cleanup_(certificates_done) struct certificates found = {};
        _cleanup_(freep) char *path = NULL, *bytes = NULL;
        const char *end = strrchr(file, '.');
        char name[64];
        size_t size;
        int r;

        if (asprintf(&path, "%s/%s", folder_name, file) < 0)
                return -ENOMEM;
        if (!end || (strcmp(end, ".pem") != 0 && strcmp(end, ".der") != 0) || vendor_of(file) == 0 ||
                (size_t)(end - file) >= sizeof(name))
                return diag_fail(d, -EBADMSG,
                        "%s: a root is named amd-*.pem, intel-*.pem or azure-*.pem (or .der)", path);
        snprintf(name, sizeof(name), "%.*s", (int)(end - file), file);
        r = sysroot_read(folder, file, CERTIFICATE_MAX, &bytes, &size);
        if (r < 0)
                return diag_errno(d, r, "cannot read %s", path);
        forget(roots, name);
        if (size == 0)
                return 0;
        r = certificates_add(&found, cache, path, CERTIFICATE_EITHER, bytes, size, d);
        return r < 0 ? r : add(roots, name, path, &found, d);
}

int roots_load(struct roots *roots, const char *folder, struct certificate_cache *cache, struct diag *d) {
        _cleanup_(sysroot_names_done) struct sysroot_names files = {};
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        int r;

        r = sysroot_new(folder, &root, d);
        if (r < 0)
                return r;
        r = sysroot_list(root, ".", &files);
        if (r < 0)
                return diag_errno(d, r, "cannot read %s", folder);
        for (size_t i = 0; i < files.n; i++) {
                r = load(roots, root, folder, files.names[i], cache, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

const struct root *roots_find(const struct roots *roots, enum root_vendor vendor,
        const struct certificate *certificate) {
        for (size_t i = 0; i < roots->n; i++)
                if (roots->of[i].vendor == vendor &&
                        memcmp(roots->of[i].fingerprint.bytes, certificate->fingerprint.bytes,
                                SHA256_SIZE) == 0)
                        return &roots->of[i];
        return NULL;
}

const struct root *roots_find_issuer(const struct roots *roots, enum root_vendor vendor,
        const struct certificate *certificate) {
        for (size_t i = 0; i < roots->n; i++)
                if (roots->of[i].vendor == vendor && roots->of[i].certificate &&
                        X509_NAME_cmp(X509_get_subject_name(roots->of[i].certificate->x509),
                                X509_get_issuer_name(certificate->x509)) == 0)
                        return &roots->of[i];
        return NULL;
}
