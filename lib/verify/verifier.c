/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings evidence, certificates and checks together; which certificates belong where is decided here. */
#include "lib/verify/verifier.h"

#include <errno.h>
#include <string.h>

#include "lib/verify/anchors.h"
#include "lib/verify/appraisal.h"
#include "lib/verify/binding-verify.h"
#include "lib/verify/chain.h"
#include "lib/verify/hcl-verify.h"
#include "lib/verify/log-verify.h"
#include "lib/verify/quote-verify.h"
#include "lib/verify/snp-verify.h"
#include "lib/verify/tdx-collateral.h"
#include "lib/verify/tdx-verify.h"

struct verifier {
        struct verifier_settings settings;
        struct roots roots;
        struct certificate_cache *cache;
        struct signatures *signatures;
        struct revocation *revocation;     /* NULL: no lists */
        struct tdx_collateral *collateral; /* NULL: none */
        struct certificates given;
        bool used[CERTIFICATES_MAX]; /* of those given: belong to the evidence at hand */
};

void verifier_free(struct verifier *v) {
        if (!v)
                return;
        certificates_done(&v->given);
        roots_done(&v->roots);
        revocation_free(v->revocation);
        tdx_collateral_free(v->collateral);
        signatures_free(v->signatures);
        certificate_cache_free(v->cache);
        free(v);
}

int verifier_new(const struct verifier_settings *s, struct verifier **ret) {
        _cleanup_(verifier_freep) struct verifier *v = calloc(1, sizeof(*v));
        int r;

        if (!v)
                return -ENOMEM;
        v->settings = *s;
        roots_init(&v->roots);
        r = certificate_cache_new(&v->cache);
        if (r < 0)
                return r;
        r = signatures_new(&v->signatures);
        if (r < 0)
                return r;
        *ret = TAKE(v);
        return 0;
}

int verifier_load_roots(struct verifier *v, const char *folder, struct diag *d) {
        return roots_load(&v->roots, folder, v->cache, d);
}

const struct roots *verifier_roots(const struct verifier *v) {
        return &v->roots;
}

int verifier_add_certificates(struct verifier *v, const char *what, const void *bytes, size_t n,
        struct diag *d) {
        size_t before = v->given.n, follow;
        int r = certificates_add(&v->given, v->cache, what, CERTIFICATE_EITHER, bytes, n, d);

        if (r < 0)
                return r;
        follow = chain_length(v->given.of + before, v->given.n - before);
        if (follow < v->given.n - before)
                return diag_fail(d, -EBADMSG,
                        "%s: %s does not follow %s: the leaf comes first, then each one's issuer, and "
                        "nothing "
                        "else; another chain is another file",
                        what, certificate_name(v->given.of[before + follow]).text,
                        certificate_name(v->given.of[before + follow - 1]).text);
        return 0;
}

int verifier_add_crl(struct verifier *v, const char *what, const void *bytes, size_t n, struct diag *d) {
        int r = v->revocation ? 0 : revocation_new(&v->revocation);

        return r < 0 ? r : revocation_add(v->revocation, what, bytes, n, d);
}

int verifier_add_collateral(struct verifier *v, const char *what, const void *bytes, size_t n,
        struct diag *d) {
        int r = v->collateral ? 0 : tdx_collateral_new(&v->collateral);

        return r < 0 ? r : tdx_collateral_add(v->collateral, v->cache, what, bytes, n, d);
}

static struct anchors anchors_of(struct verifier *v) {
        return (struct anchors){
                .roots = &v->roots,
                .revocation = v->revocation,
                .collateral = v->collateral,
                .signatures = v->signatures,
                .cache = v->cache,
                .tdx_tcb = v->settings.expectation ? v->settings.expectation->tdx_tcb : 0,
                .at = v->settings.at,
        };
}

/* Adds the chain that begins at this place among those given. */
static void take_given(struct verifier *v, size_t first, struct certificates *chain) {
        size_t n = chain_length(v->given.of + first, v->given.n - first);

        for (size_t i = first; i < first + n && chain->n < CERTIFICATES_MAX; i++) {
                chain->of[chain->n++] = certificate_ref(v->given.of[i]);
                v->used[i] = true;
        }
}

/* Whether a chain begins at this place among those given. */
static bool begins(const struct verifier *v, size_t i) {
        return i == 0 || chain_length(v->given.of + i - 1, 2) == 1;
}

/* Goes on above the last certificate with a chain that was given, unless it is the last already. */
static void extend(struct verifier *v, struct certificates *chain) {
        const struct certificate *last;

        if (chain->n == 0)
                return;
        last = chain->of[chain->n - 1];
        for (size_t i = 0; i < v->given.n; i++)
                if (begins(v, i) && !v->used[i] &&
                        X509_NAME_cmp(X509_get_issuer_name(last->x509),
                                X509_get_subject_name(v->given.of[i]->x509)) == 0 &&
                        X509_NAME_cmp(X509_get_issuer_name(last->x509), X509_get_subject_name(last->x509)) !=
                                0) {
                        take_given(v, i, chain);
                        return;
                }
}

/* Of the keys given, that of the report's chip; else the first one. -ENOENT: none. */
static int find_given_vek(const struct verifier *v, const struct snp_report *report, size_t *ret) {
        const struct vek_certificate *vek;
        int found = -ENOENT;

        for (size_t i = 0; i < v->given.n; i++) {
                if (!begins(v, i) || !certificate_is_vek(v->given.of[i]))
                        continue;
                if (found < 0)
                        *ret = i;
                found = 0;
                if (certificate_vek(v->given.of[i], &vek, NULL) >= 0 && vek->n_hwid > 0 &&
                        memcmp(vek->hwid, report->chip_id, vek->n_hwid) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return found;
}

/* What the caller gave goes before what came with the evidence. */
static int find_vek_chain(struct verifier *v, const struct evidence *e, struct certificates *ret,
        struct diag *d) {
        bool trustee = e->form == EVIDENCE_TRUSTEE;
        size_t first;
        int r = 0;

        if (find_given_vek(v, &e->snp, &first) >= 0)
                take_given(v, first, ret);
        else if (e->vek_chain.bytes)
                r = certificates_add(ret, v->cache, trustee ? "vcek" : "snp-vek-chain",
                        trustee ? CERTIFICATE_DER : CERTIFICATE_PEM, e->vek_chain.bytes, e->vek_chain.n, d);
        if (r >= 0)
                extend(v, ret);
        return r;
}

static int find_ak_chain(struct verifier *v, const struct evidence *e, struct certificates *ret,
        struct diag *d) {
        int r;

        if (!e->ak_certificate.bytes)
                return 0;
        r = certificates_add(ret, v->cache, "ak-certificate", CERTIFICATE_DER, e->ak_certificate.bytes,
                e->ak_certificate.n, d);
        if (r >= 0)
                extend(v, ret);
        return r;
}

static int verify_hardware(struct verifier *v, const struct anchors *a, struct verification *ret,
        struct diag *d) {
        _cleanup_(certificates_done) struct certificates chain = {};
        const struct evidence *e = &ret->evidence;
        struct checks *c = &ret->checks;
        int r = 0;

        if (e->has_snp) {
                r = find_vek_chain(v, e, &chain, d);
                if (r >= 0)
                        ret->product = snp_verify(&e->snp, &chain, a, c);
        }
        if (r >= 0 && e->has_td_quote)
                r = tdx_verify(&e->td_quote, a, c, d);
        if (r < 0)
                return r;
        if (e->has_td_report)
                tdx_report_verify(&e->td_report, e->has_td_quote ? &e->td_quote : NULL, a, c);
        if (e->has_snp && e->has_td_quote)
                check_note(c, CHECK_RECORDS, CHECK_FAIL, "a TD quote does not go with an SNP report");
        if (e->has_hcl)
                hcl_verify(e, a, c);
        return 0;
}

static int verify_quote(struct verifier *v, const struct evidence *e, const struct anchors *a, bool fresh,
        struct checks *c, struct diag *d) {
        _cleanup_(certificates_done) struct certificates chain = {};
        int r;

        if (!e->has_quote)
                return 0;
        r = find_ak_chain(v, e, &chain, d);
        if (r < 0)
                return r;
        quote_verify(e, &chain, a, c);
        quote_verify_restricted(e, fresh && check_passed(c, CHECK_CLAIMS_HASH), c);
        return 0;
}

/* A certificate that was given and belongs to nothing is a mistake that would else go unnoticed. */
static void verify_all_used(const struct verifier *v, struct checks *c) {
        for (size_t i = 0; i < v->given.n && !v->settings.several; i++)
                if (!v->used[i]) {
                        check_note(c, CHECK_CERTIFICATES, CHECK_FAIL,
                                "%s, which was given, has no place in a chain of this evidence: leaf first, "
                                "then "
                                "each one's issuer",
                                certificate_name(v->given.of[i]).text);
                        return;
                }
}

static int run(struct verifier *v, struct verification *ret, struct diag *d) {
        const struct expectation *x = v->settings.expectation;
        const struct expected_words words = {
                .nonce = v->settings.nonce,
                .n_nonce = v->settings.n_nonce,
                .bind = v->settings.bind,
                .n_bind = v->settings.n_bind,
                .quote_suffices = x && x->freshness & 1U << FRESHNESS_QUOTE,
        };
        const struct evidence *e = &ret->evidence;
        struct anchors anchors = anchors_of(v);
        struct checks *c = &ret->checks;
        bool fresh;
        int r;

        memset(v->used, 0, sizeof(v->used));
        ret->product = 0;
        checks_reset(c, v->settings.waived);
        r = verify_hardware(v, &anchors, ret, d);
        if (r < 0)
                return r;
        fresh = binding_verify(e, &words, c);
        r = verify_quote(v, e, &anchors, fresh, c, d);
        if (r < 0)
                return r;
        verify_all_used(v, c);
        if (e->form == EVIDENCE_BUNDLE && e->has_quote)
                log_verify(e, x ? x->unexplained : 0, c);
        appraise(e, x, ret->product, v->settings.at, c);
        return 0;
}

int verifier_run(struct verifier *v, const void *bytes, size_t n, struct verification *ret, struct diag *d) {
        int r = evidence_parse(bytes, n, &ret->evidence, d);

        if (r < 0)
                return r;
        r = run(v, ret, d);
        if (r < 0)
                verification_done(ret);
        return r;
}

void verification_done(struct verification *v) {
        evidence_done(&v->evidence);
}
