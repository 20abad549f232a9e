/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/certificate.h"

#include <errno.h>
#include <openssl/objects.h>
#include <string.h>
#include <time.h>

#include "lib/base/escape.h"

/* A certificate is in one of the places of its set; a new one takes the place of that which came first. */
#define CACHE_SETS 64
#define CACHE_PLACES 4

struct slot {
        struct digest key; /* SHA-256 of the bytes as they came, PEM or DER */
        struct certificate *certificate;
};

struct set {
        struct slot slots[CACHE_PLACES];
        unsigned next; /* the place that is taken next */
};

struct certificate_cache {
        struct set sets[CACHE_SETS];
};

struct certificate *certificate_ref(struct certificate *c) {
        c->references++;
        return c;
}

struct certificate *certificate_unref(struct certificate *c) {
        if (c && --c->references == 0) {
                X509_free(c->x509);
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
        return name_text(X509_get_subject_name(c->x509));
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

bool certificate_is_vek(const struct certificate *c) {
        static const uint8_t amd[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78 }; /* 1.3.6.1.4.1.3704 */

        for (int i = 0; i < X509_get_ext_count(c->x509); i++) {
                const ASN1_OBJECT *oid = X509_EXTENSION_get_object(X509_get_ext(c->x509, i));

                if (OBJ_length(oid) > sizeof(amd) && memcmp(OBJ_get0_data(oid), amd, sizeof(amd)) == 0)
                        return true;
        }
        return false;
}

int certificate_cache_new(struct certificate_cache **ret) {
        struct certificate_cache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        *ret = cache;
        return 0;
}

void certificate_cache_free(struct certificate_cache *cache) {
        for (size_t i = 0; cache && i < (size_t)CACHE_SETS * CACHE_PLACES; i++)
                certificate_unref(cache->sets[i / CACHE_PLACES].slots[i % CACHE_PLACES].certificate);
        free(cache);
}

static int parse(const char *what, const uint8_t *bytes, size_t n, struct certificate **ret,
        struct diag *d) {
        _cleanup_(certificate_unrefp) struct certificate *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->references = 1;
        r = certificate_parse(bytes, n, what, &c->x509, d);
        if (r < 0)
                return r;
        c->key = X509_get0_pubkey(c->x509);
        if (!c->key)
                return diag_fail(d, -EBADMSG, "%s: a certificate without a key that can be used", what);
        c->not_before = certificate_time(X509_get0_notBefore(c->x509));
        c->not_after = certificate_time(X509_get0_notAfter(c->x509));
        if (c->not_before < 0 || c->not_after < 0)
                return diag_fail(d, -EBADMSG, "%s: a certificate whose validity cannot be read", what);
        if (digest_sha256(bytes, n, &c->fingerprint) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        *ret = TAKE(c);
        return 0;
}

/* text: what is between the two lines. */
static int parse_pem(const char *what, struct span text, struct certificate **ret, struct diag *d) {
        _cleanup_(freep) uint8_t *der = NULL;
        size_t n;
        int r = pem_decode(text, what, CERTIFICATE_MAX, &der, &n, d);

        return r < 0 ? r : parse(what, der, n, ret, d);
}

/* NULL: it is not there. */
static struct slot *find(struct set *set, const struct digest *key) {
        for (size_t i = 0; i < CACHE_PLACES; i++)
                if (set->slots[i].certificate &&
                        memcmp(set->slots[i].key.bytes, key->bytes, sizeof(key->bytes)) == 0)
                        return &set->slots[i];
        return NULL;
}

/* bytes: the DER, or the text between the lines of PEM. */
static int get(struct certificate_cache *cache, const char *what, bool pem, const uint8_t *bytes, size_t n,
        struct certificate **ret, struct diag *d) {
        struct certificate *c;
        struct digest key;
        struct slot *slot;
        struct set *set;
        int r;

        if (digest_sha256(bytes, n, &key) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        set = &cache->sets[key.bytes[0] % CACHE_SETS];
        slot = find(set, &key);
        if (!slot) {
                r = pem ? parse_pem(what, (struct span){ bytes, n }, &c, d) : parse(what, bytes, n, &c, d);
                if (r < 0)
                        return r;
                slot = &set->slots[set->next++ % CACHE_PLACES];
                certificate_unref(slot->certificate);
                *slot = (struct slot){ .key = key, .certificate = c };
        }
        *ret = certificate_ref(slot->certificate);
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
