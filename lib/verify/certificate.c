/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PEM is split here, for OpenSSL's reader skips whatever it does not understand. */
#include "lib/verify/certificate.h"

#include <errno.h>
#include <openssl/objects.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/escape.h"

#define CACHE_SIZE 256 /* slots; a certificate that falls into a slot in use takes its place */

static const char BEGIN[] = "-----BEGIN CERTIFICATE-----", END[] = "-----END CERTIFICATE-----";

struct slot {
        struct digest key; /* SHA-256 of the bytes as they came, PEM or DER */
        struct certificate *certificate;
};

struct certificate_cache {
        struct slot slots[CACHE_SIZE];
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
        for (size_t i = 0; cache && i < CACHE_SIZE; i++)
                certificate_unref(cache->slots[i].certificate);
        free(cache);
}

static int64_t seconds_of(const ASN1_TIME *t) {
        struct tm tm = {};

        return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : -1;
}

/* OpenSSL reads BER; a certificate has one encoding, so that its fingerprint cannot vary. */
static bool is_der(X509 *x509, const uint8_t *bytes, size_t n) {
        _cleanup_(freep) uint8_t *again = NULL;
        int size = i2d_X509(x509, NULL);
        uint8_t *at;

        if (size < 0 || (size_t)size != n)
                return false;
        again = at = malloc(n);
        return again && i2d_X509(x509, &at) == size && memcmp(again, bytes, n) == 0;
}

static int parse(const char *what, const uint8_t *bytes, size_t n, struct certificate **ret,
        struct diag *d) {
        _cleanup_(certificate_unrefp) struct certificate *c = calloc(1, sizeof(*c));
        const uint8_t *at = bytes;

        if (!c)
                return -ENOMEM;
        c->references = 1;
        c->x509 = d2i_X509(NULL, &at, (long)n);
        if (!c->x509 || !is_der(c->x509, bytes, n))
                return diag_fail(d, -EBADMSG, "%s: not a certificate%s", what,
                        c->x509 && at != bytes + n ? ": bytes follow it" : "");
        c->key = X509_get0_pubkey(c->x509);
        if (!c->key)
                return diag_fail(d, -EBADMSG, "%s: a certificate without a key that can be used", what);
        c->not_before = seconds_of(X509_get0_notBefore(c->x509));
        c->not_after = seconds_of(X509_get0_notAfter(c->x509));
        if (c->not_before < 0 || c->not_after < 0)
                return diag_fail(d, -EBADMSG, "%s: a certificate whose validity cannot be read", what);
        if (digest_sha256(bytes, n, &c->fingerprint) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        *ret = TAKE(c);
        return 0;
}

/* The text between the two lines: base64 in lines of any length. */
static int parse_pem(const char *what, const char *text, size_t n, struct certificate **ret,
        struct diag *d) {
        _cleanup_(freep) char *joined = malloc(n + 1);
        _cleanup_(freep) uint8_t *der = NULL;
        size_t size = 0, n_der;

        if (!joined)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (text[i] != '\n' && text[i] != '\r')
                        joined[size++] = text[i];
        if (base64_parse(joined, size, BASE64_STANDARD, CERTIFICATE_MAX, &der, &n_der) < 0)
                return diag_fail(d, -EBADMSG, "%s: a certificate's base64 is not canonical", what);
        return parse(what, der, n_der, ret, d);
}

/* bytes: the DER, or the text between the lines of PEM. */
static int get(struct certificate_cache *cache, const char *what, bool pem, const uint8_t *bytes, size_t n,
        struct certificate **ret, struct diag *d) {
        struct certificate *c;
        struct digest key;
        struct slot *slot;
        int r;

        if (digest_sha256(bytes, n, &key) < 0)
                return diag_fail(d, -EIO, "OpenSSL cannot compute SHA-256");
        slot = &cache->slots[key.bytes[0] % CACHE_SIZE];
        if (!slot->certificate || memcmp(slot->key.bytes, key.bytes, sizeof(key.bytes)) != 0) {
                r = pem ? parse_pem(what, (const char *)bytes, n, &c, d) : parse(what, bytes, n, &c, d);
                if (r < 0)
                        return r;
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

static const char *skip_blanks(const char *at, const char *end) {
        while (at < end && (*at == '\n' || *at == '\r' || *at == ' ' || *at == '\t'))
                at++;
        return at;
}

static bool starts_with(const char *at, const char *end, const char *text) {
        return (size_t)(end - at) >= strlen(text) && memcmp(at, text, strlen(text)) == 0;
}

static int add_pem(struct certificates *list, struct certificate_cache *cache, const char *what,
        const char *text, size_t n, struct diag *d) {
        const char *end = text + n, *at = skip_blanks(text, end);

        if (at == end)
                return diag_fail(d, -EBADMSG, "%s: no certificate", what);
        while (at < end) {
                const char *body, *stop;
                int r;

                if (!starts_with(at, end, BEGIN))
                        return diag_fail(d, -EBADMSG,
                                "%s: only certificates in PEM belong here, one behind the other", what);
                body = at + strlen(BEGIN);
                stop = memmem(body, (size_t)(end - body), END, strlen(END));
                if (!stop)
                        return diag_fail(d, -EBADMSG, "%s: a certificate that is cut off", what);
                r = add(list, cache, what, true, (const uint8_t *)body, (size_t)(stop - body), d);
                if (r < 0)
                        return r;
                at = skip_blanks(stop + strlen(END), end);
        }
        return 0;
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
        return der ? add(list, cache, what, false, bytes, n, d) : add_pem(list, cache, what, bytes, n, d);
}

void certificates_done(struct certificates *list) {
        for (size_t i = 0; i < list->n; i++)
                certificate_unref(list->of[i]);
        list->n = 0;
}
