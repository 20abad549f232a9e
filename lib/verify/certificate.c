/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/certificate.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "lib/base/escape.h"
#include "lib/verify/certificate-key.h"

/* A certificate is in one of the places of its set; a new one takes the place of that which came first. */
#define CACHE_SETS 64
#define CACHE_PLACES 4

struct slot {
        uint8_t *bytes; /* as they came, PEM or DER */
        size_t n;
        struct certificate *certificate; /* NULL: the slot is free */
};

struct set {
        struct slot slots[CACHE_PLACES];
        unsigned next; /* the place that is taken next */
};

struct certificate_cache {
        OSSL_LIB_CTX *bare; /* without any provider that can do anything; see read_bare() */
        OSSL_PROVIDER *nothing;
        struct certificate_curves curves;
        struct set sets[CACHE_SETS];
};

struct certificate *certificate_ref(struct certificate *c) {
        c->references++;
        return c;
}

struct certificate *certificate_unref(struct certificate *c) {
        if (c && --c->references == 0) {
                EVP_PKEY_free(c->key);
                X509_free(c->x509);
                free(c->signed_part);
                free(c);
        }
        return NULL;
}

static void certificate_unrefp(struct certificate **c) {
        certificate_unref(*c);
}

static struct certificate_name name_text(const X509_NAME *name) {
        struct certificate_name n = { "no name" };
        int at = X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, -1);
        const ASN1_STRING *s;
        _cleanup_(freep) char *escaped = NULL;
        size_t size;

        if (at < 0)
                return n;
        s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        size = (size_t)ASN1_STRING_length(s);
        if (escape_new(ASN1_STRING_get0_data(s), size < 64 ? size : 64, &escaped) >= 0)
                snprintf(n.text, sizeof(n.text), "%s", escaped);
        return n;
}

struct certificate_name certificate_name(const struct certificate *c) {
        return c->name;
}

struct certificate_name certificate_issuer(const struct certificate *c) {
        return name_text(X509_get_issuer_name(c->x509));
}

struct day day_of(int64_t seconds) {
        struct day d = {};
        struct tm tm;

        (void)strftime(d.text, sizeof(d.text), "%Y-%m-%d", gmtime_r(&(time_t){ (time_t)seconds }, &tm));
        return d;
}

int certificate_vek(struct certificate *c, const struct vek_certificate **ret, struct diag *d) {
        int r;

        if (!c->has_vek) {
                r = vek_certificate_parse(c->x509, &c->vek, d);
                if (r < 0)
                        return r;
                c->has_vek = true;
        }
        *ret = &c->vek;
        return 0;
}

int certificate_pck(struct certificate *c, const struct pck_certificate **ret, struct diag *d) {
        if (!c->has_pck) {
                int r = pck_certificate_parse(c->x509, &c->pck, d);

                if (r < 0)
                        return r;
                c->has_pck = true;
        }
        *ret = &c->pck;
        return 0;
}

bool certificate_is_vek(const struct certificate *c) {
        static const uint8_t amd[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78 }; /* 1.3.6.1.4.1.3704 */

        for (int i = 0; i < X509_get_ext_count(c->x509); i++) {
                const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(c->x509, i));

                if (OBJ_length(oid) > sizeof(amd) && memcmp(OBJ_get0_data(oid), amd, sizeof(amd)) == 0)
                        return true;
        }
        return false;
}

static bool is_ak(X509 *x509) {
        static const uint8_t aik[] = { 0x67, 0x81, 0x05, 0x08, 0x03 }; /* 2.23.133.8.3 */
        EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
        bool found = false;

        for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
                const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(usage, i);

                found = found ||
                        (OBJ_length(oid) == sizeof(aik) &&
                                memcmp(OBJ_get0_data(oid), aik, sizeof(aik)) == 0);
        }
        EXTENDED_KEY_USAGE_free(usage);
        return found;
}

int certificate_cache_new(struct certificate_cache **ret) {
        _cleanup_(certificate_cache_freep) struct certificate_cache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        cache->bare = OSSL_LIB_CTX_new();
        if (!cache->bare)
                return -ENOMEM;
        cache->nothing = OSSL_PROVIDER_load(cache->bare, "null");
        if (!cache->nothing)
                return -EIO;
        *ret = TAKE(cache);
        return 0;
}

static void slot_done(struct slot *s) {
        certificate_unref(s->certificate);
        free(s->bytes);
        *s = (struct slot){};
}

void certificate_cache_free(struct certificate_cache *cache) {
        for (size_t i = 0; cache && i < (size_t)CACHE_SETS * CACHE_PLACES; i++)
                slot_done(&cache->sets[i / CACHE_PLACES].slots[i % CACHE_PLACES]);
        if (!cache)
                return;
        if (cache->nothing)
                OSSL_PROVIDER_unload(cache->nothing);
        OSSL_LIB_CTX_free(cache->bare);
        certificate_curves_done(&cache->curves);
        free(cache);
}

static bool is_authority(X509 *x509) {
        BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(x509, NID_basic_constraints, NULL, NULL);
        bool authority = constraints && constraints->ca;

        BASIC_CONSTRAINTS_free(constraints);
        return authority;
}

/*
 * OpenSSL reads a key by asking all decoders of all providers, which takes longer than everything else that
 * is done about a certificate. In a context without providers nobody is asked, and the key is made of its
 * numbers. For leaves alone, of which there is one for each chip and each AK: authorities are few, and
 * OpenSSL wants a digest before it answers X509_check_ca().
 */
static int read_bare(struct certificate_cache *cache, const char *what, const uint8_t *bytes, size_t n,
        struct certificate *c, struct diag *d) {
        int r = certificate_parse_in(cache->bare, bytes, n, what, &c->x509, d);

        if (r < 0)
                return r;
        c->key = is_authority(c->x509) ? NULL : certificate_key(&cache->curves, c->x509);
        ERR_clear_error();
        return 0;
}

static int read_whole(const char *what, const uint8_t *bytes, size_t n, struct certificate *c,
        struct diag *d) {
        int r;

        X509_free(c->x509);
        c->x509 = NULL;
        r = certificate_parse(bytes, n, what, &c->x509, d);
        if (r < 0)
                return r;
        c->key = X509_get_pubkey(c->x509);
        if (!c->key)
                return diag_fail(d, -EBADMSG, "%s: a certificate without a key that can be used", what);
        return 0;
}

/* The first element of the outer sequence, as it stands; that these are certificates is known. */
static int copy_signed_part(const uint8_t *bytes, size_t n, struct certificate *c) {
        const uint8_t *at = bytes, *first;
        int tag, class;
        long size;

        if (ASN1_get_object(&at, &size, &tag, &class, (long)n) & 0x80)
                return -EBADMSG;
        first = at;
        if (ASN1_get_object(&at, &size, &tag, &class, size) & 0x80)
                return -EBADMSG;
        c->n_signed_part = (size_t)(at - first) + (size_t)size;
        c->signed_part = malloc(c->n_signed_part);
        if (!c->signed_part)
                return -ENOMEM;
        memcpy(c->signed_part, first, c->n_signed_part);
        return 0;
}

static int parse(struct certificate_cache *cache, const char *what, const uint8_t *bytes, size_t n,
        struct certificate **ret, struct diag *d) {
        _cleanup_(certificate_unrefp) struct certificate *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->references = 1;
        r = read_bare(cache, what, bytes, n, c, d);
        if (r >= 0 && !c->key)
                r = read_whole(what, bytes, n, c, d);
        if (r >= 0)
                r = copy_signed_part(bytes, n, c);
        if (r < 0)
                return r;
        c->not_before = certificate_time(X509_get0_notBefore(c->x509));
        c->not_after = certificate_time(X509_get0_notAfter(c->x509));
        if (c->not_before < 0 || c->not_after < 0)
                return diag_fail(d, -EBADMSG, "%s: a certificate whose validity cannot be read", what);
        if (digest_sha256(bytes, n, &c->fingerprint) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        c->name = name_text(X509_get_subject_name(c->x509));
        c->is_ak = is_ak(c->x509);
        *ret = TAKE(c);
        return 0;
}

/* text: what is between the two lines. */
static int parse_pem(struct certificate_cache *cache, const char *what, struct span text,
        struct certificate **ret, struct diag *d) {
        _cleanup_(freep) uint8_t *der = NULL;
        size_t n;
        int r = pem_decode(text, what, CERTIFICATE_MAX, &der, &n, d);

        return r < 0 ? r : parse(cache, what, der, n, ret, d);
}

/*
 * Where both forms end there is the signature, of which these bytes are as random as a digest. Whoever
 * makes certificates that fall into one set gains nothing but their being read again.
 */
static struct set *find_set(struct certificate_cache *cache, const uint8_t *bytes, size_t n) {
        uint64_t word = 0;

        if (n >= 24)
                memcpy(&word, bytes + n - 24, sizeof(word));
        return &cache->sets[(word * UINT64_C(0x9e3779b97f4a7c15) >> 32) % CACHE_SETS];
}

/* NULL: it is not there. */
static struct slot *find(struct set *set, const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < CACHE_PLACES; i++)
                if (set->slots[i].certificate && set->slots[i].n == n &&
                        memcmp(set->slots[i].bytes, bytes, n) == 0)
                        return &set->slots[i];
        return NULL;
}

/* Takes the certificate into the slot, and what was there before out of it. */
static int keep(struct slot *slot, const uint8_t *bytes, size_t n, struct certificate *c) {
        uint8_t *copy = malloc(n);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, bytes, n);
        slot_done(slot);
        *slot = (struct slot){ .bytes = copy, .n = n, .certificate = certificate_ref(c) };
        return 0;
}

/* bytes: the DER, or the text between the lines of PEM; at least one. */
static int get(struct certificate_cache *cache, const char *what, bool pem, const uint8_t *bytes, size_t n,
        struct certificate **ret, struct diag *d) {
        _cleanup_(certificate_unrefp) struct certificate *c = NULL;
        struct set *set = find_set(cache, bytes, n);
        struct slot *slot = find(set, bytes, n);
        int r;

        if (slot) {
                *ret = certificate_ref(slot->certificate);
                return 0;
        }
        r = pem ? parse_pem(cache, what, (struct span){ bytes, n }, &c, d)
                : parse(cache, what, bytes, n, &c, d);
        if (r >= 0)
                r = keep(&set->slots[set->next++ % CACHE_PLACES], bytes, n, c);
        if (r < 0)
                return r;
        *ret = TAKE(c);
        return 0;
}

static int add(struct certificates *list, struct certificate_cache *cache, const char *what, bool pem,
        const uint8_t *bytes, size_t n, struct diag *d) {
        int r;

        if (list->n == CERTIFICATES_MAX)
                return diag_fail(d, -E2BIG, "%s: more than %d certificates", what, CERTIFICATES_MAX);
        if (n > CERTIFICATE_MAX)
                return diag_fail(d, -EBADMSG, "%s: a certificate of %zu bytes", what, n);
        r = get(cache, what, pem, bytes, n, &list->of[list->n], d);
        if (r >= 0)
                list->n++;
        return r;
}

static int add_pem(struct certificates *list, struct certificate_cache *cache, const char *what,
        struct span text, struct diag *d) {
        struct span body;
        size_t n = list->n;
        int r;

        while ((r = pem_next(&text, "CERTIFICATE", what, &body, d)) >= 0) {
                r = add(list, cache, what, true, body.bytes, body.n, d);
                if (r < 0)
                        return r;
        }
        if (r != -ENODATA)
                return r;
        return list->n > n ? 0 : diag_fail(d, -EBADMSG, "%s: no certificate", what);
}

int certificates_add(struct certificates *list, struct certificate_cache *cache, const char *what,
        enum certificate_form form, const void *bytes, size_t n, struct diag *d) {
        const uint8_t *first = bytes;
        bool der = n > 0 && first[0] == 0x30; /* SEQUENCE: "0" is how no PEM starts */

        if (n == 0)
                return diag_fail(d, -EBADMSG, "%s: no certificate", what);
        if (der && form == CERTIFICATE_PEM)
                return diag_fail(d, -EBADMSG, "%s: DER where PEM belongs", what);
        if (!der && form == CERTIFICATE_DER)
                return diag_fail(d, -EBADMSG, "%s: not a certificate in DER", what);
        /* One NUL ends what was a C string for those who made it. */
        if (!der && first[n - 1] == 0)
                n--;
        return der ? add(list, cache, what, false, bytes, n, d)
                   : add_pem(list, cache, what, (struct span){ first, n }, d);
}

void certificates_done(struct certificates *list) {
        for (size_t i = 0; i < list->n; i++)
                certificate_unref(list->of[i]);
        list->n = 0;
}
