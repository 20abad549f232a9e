/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source of the rules: RFC 5280, section 6.3, for lists that are whole and by the certificates' own issuer.
 * A certificate that was taken back counts as such whatever the time of verification is: a key that is no
 * longer trusted may have made evidence of any date.
 */
#include "lib/verify/revocation.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/format/pem.h"

#define LISTS_MAX 32
#define LIST_MAX (4 * 1024 * 1024) /* bytes */

struct list {
        X509_CRL *crl;
        char *name;
        int64_t next_update;
        struct digest signer; /* the certificate whose key signed it, once that is known */
        bool has_signer;
};

struct revocation {
        struct list lists[LISTS_MAX];
        size_t n;
};

int revocation_new(struct revocation **ret) {
        struct revocation *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *ret = r;
        return 0;
}

static void list_done(struct list *l) {
        X509_CRL_free(l->crl);
        free(l->name);
}

void revocation_free(struct revocation *r) {
        for (size_t i = 0; r && i < r->n; i++)
                list_done(&r->lists[i]);
        free(r);
}

/* Whether all of it is understood: a list of a part, or of changes, would leave certificates out. */
static int check_extensions(const X509_CRL *crl, const char *what, struct diag *d) {
        for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
                X509_EXTENSION *x = X509_CRL_get_ext(crl, i);

                if (X509_EXTENSION_get_critical(x))
                        return diag_fail(d, -EOPNOTSUPP,
                                "%s: a revocation list with a critical extension: "
                                "only lists that are whole are read",
                                what);
        }
        return 0;
}

/* RFC 5280 has entries with critical extensions only in lists by others than the issuer. */
static int check_entries(X509_CRL *crl, const char *what, struct diag *d) {
        STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

        for (int i = 0; entries && i < sk_X509_REVOKED_num(entries); i++) {
                const X509_REVOKED *e = sk_X509_REVOKED_value(entries, i);

                for (int j = 0; j < X509_REVOKED_get_ext_count(e); j++)
                        if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(e, j)))
                                return diag_fail(d, -EOPNOTSUPP,
                                        "%s: an entry with a critical extension: only lists by the issuer "
                                        "itself are read",
                                        what);
        }
        return 0;
}

static int add_der(struct revocation *r, const char *what, const uint8_t *bytes, size_t n, struct diag *d) {
        _cleanup_(list_done) struct list l = { .name = strdup(what) };
        const uint8_t *at = bytes;
        int e;

        if (!l.name)
                return diag_errno(d, -ENOMEM, "%s", what);
        if (r->n == LISTS_MAX)
                return diag_fail(d, -E2BIG, "%s: more than %d revocation lists", what, LISTS_MAX);
        l.crl = n > LIST_MAX ? NULL : d2i_X509_CRL(NULL, &at, (long)n);
        ERR_clear_error();
        if (!l.crl || at != bytes + n)
                return diag_fail(d, -EBADMSG, "%s: not a revocation list%s", what,
                        l.crl ? ": bytes follow it" : "");
        if (!X509_CRL_get0_nextUpdate(l.crl))
                return diag_fail(d, -EBADMSG, "%s: a revocation list that does not say when it ends", what);
        l.next_update = certificate_time(X509_CRL_get0_nextUpdate(l.crl));
        if (l.next_update < 0)
                return diag_fail(d, -EBADMSG, "%s: a revocation list whose time cannot be read", what);
        e = check_extensions(l.crl, what, d);
        if (e >= 0)
                e = check_entries(l.crl, what, d);
        if (e < 0)
                return e;
        r->lists[r->n++] = l;
        l = (struct list){};
        return 0;
}

static int add_pem(struct revocation *r, const char *what, struct span text, struct diag *d) {
        size_t before = r->n;
        struct span body;
        int e;

        while ((e = pem_next(&text, "X509 CRL", what, &body, d)) >= 0) {
                _cleanup_(freep) uint8_t *der = NULL;
                size_t n;

                e = pem_decode(body, what, LIST_MAX, &der, &n, d);
                if (e >= 0)
                        e = add_der(r, what, der, n, d);
                if (e < 0)
                        return e;
        }
        if (e != -ENODATA)
                return e;
        return r->n > before ? 0 : diag_fail(d, -EBADMSG, "%s: no revocation list", what);
}

int revocation_add(struct revocation *r, const char *what, const void *bytes, size_t n, struct diag *d) {
        const uint8_t *first = bytes;
        bool der = n > 0 && first[0] == 0x30; /* SEQUENCE: "0" is how no PEM starts */

        return der ? add_der(r, what, first, n, d) : add_pem(r, what, (struct span){ first, n }, d);
}

/* Verified once: the list remembers whose key it was. */
static bool signed_by(struct list *l, const struct certificate *by) {
        bool good;

        if (l->has_signer && memcmp(l->signer.bytes, by->fingerprint.bytes, SHA256_SIZE) == 0)
                return true;
        good = X509_CRL_verify(l->crl, by->key) == 1;
        ERR_clear_error();
        if (good) {
                l->signer = by->fingerprint;
                l->has_signer = true;
        }
        return good;
}

static bool is_by(const struct list *l, const struct certificate *issuer) {
        return X509_NAME_cmp(X509_CRL_get_issuer(l->crl), X509_get_subject_name(issuer->x509)) == 0;
}

static bool may_sign_lists(const struct certificate *c) {
        return X509_get_key_usage(c->x509) & KU_CRL_SIGN; /* all bits, where the certificate does not say */
}

/* Notes what one list by the issuer of c says of it; whether it is good. */
static bool check_list(struct list *l, const struct certificate *c, const struct certificate *issuer,
        int64_t at, struct checks *checks) {
        X509_REVOKED *entry = NULL;

        if (!signed_by(l, issuer))
                return check_note(checks, CHECK_REVOCATION, CHECK_FAIL, "%s: not signed by the key of %s",
                        l->name, certificate_name(issuer).text);
        if (X509_CRL_get0_by_cert(l->crl, &entry, c->x509) == 1)
                return check_note(checks, CHECK_REVOCATION, CHECK_FAIL, "%s was revoked on %s by %s",
                        certificate_name(c).text,
                        day_of(certificate_time(X509_REVOKED_get0_revocationDate(entry))).text,
                        certificate_name(issuer).text);
        if (at > l->next_update)
                return check_note(checks, CHECK_REVOCATION, CHECK_FAIL,
                        "%s: the list expired on %s: there is a newer one", l->name,
                        day_of(l->next_update).text);
        return true;
}

enum coverage {
        COVERED,
        UNCOVERED,
        IRREVOCABLE, /* its issuer signs no lists, as AMD's ASK */
        BAD,
};

static enum coverage check_certificate(struct revocation *r, const struct certificate *c,
        const struct certificate *issuer, int64_t at, struct checks *checks) {
        enum coverage found = UNCOVERED;

        if (!may_sign_lists(issuer))
                return IRREVOCABLE;
        for (size_t i = 0; i < r->n; i++)
                if (is_by(&r->lists[i], issuer)) {
                        if (!check_list(&r->lists[i], c, issuer, at, checks))
                                return BAD;
                        found = COVERED;
                }
        return found;
}

void revocation_check(struct revocation *r, const struct certificates *chain, const struct root *root,
        int64_t at, struct checks *c) {
        size_t covered = 0;

        if (!r || r->n == 0 || !root) {
                check_note(c, CHECK_REVOCATION, CHECK_UNAVAILABLE, "%s",
                        root ? "no revocation list was given: --crl FILE names one"
                             : "the chain leads to no root that is trusted");
                return;
        }
        for (size_t i = 0; i < chain->n; i++) {
                const struct certificate *one = chain->of[i],
                                         *issuer = i + 1 < chain->n ? chain->of[i + 1] : root->certificate;

                if (!issuer || memcmp(issuer->fingerprint.bytes, one->fingerprint.bytes, SHA256_SIZE) == 0)
                        break; /* the root, which nobody takes back */
                switch (check_certificate(r, one, issuer, at, c)) {
                case COVERED:
                        covered++;
                        break;
                case UNCOVERED:
                        check_note(c, CHECK_REVOCATION, CHECK_UNAVAILABLE,
                                "no revocation list by %s, which issued %s, was given",
                                certificate_name(issuer).text, certificate_name(one).text);
                        break;
                case IRREVOCABLE:
                case BAD:
                        break;
                }
        }
        check_note(c, CHECK_REVOCATION, CHECK_PASS, "%zu %s not revoked, by lists that are valid", covered,
                covered == 1 ? "certificate is" : "certificates are");
}
