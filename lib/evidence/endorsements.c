/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/endorsements.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "lib/base/json-record.h"
#include "lib/base/number.h"

#define CHAIN_LENGTH 3

static const char *const roles[CHAIN_LENGTH] = { "VEK", "ASK", "ARK" };

/* THIM writes numbers as strings; either is taken. */
static int read_seconds(const struct json_node *node, uint32_t *ret, struct diag *d) {
        uint64_t seconds = 0;
        int r = -EBADMSG;

        if (node && node->kind == JSON_STRING)
                r = number_parse(node->string, 10, UINT32_MAX, &seconds);
        else if (node && node->kind == JSON_INTEGER && node->integer >= 0) {
                seconds = (uint64_t)node->integer;
                r = 0;
        }
        if (r < 0)
                return diag_fail(d, -EBADMSG, "cacheControl is no number of seconds");
        *ret = seconds > ENDORSEMENTS_LIFETIME_MAX ? ENDORSEMENTS_LIFETIME_MAX : (uint32_t)seconds;
        return 0;
}

static int read_text(const struct json_node *root, const char *key, const char **ret, struct diag *d) {
        const struct json_node *node = NULL;
        int r = json_record_member(root, key, JSON_STRING, &node, d);

        if (r >= 0)
                *ret = node->string;
        return r;
}

static int read_certificates(const struct json_node *root, const char *key, size_t n,
        struct certificate_list *to, struct diag *d) {
        _cleanup_(certificate_list_done) struct certificate_list list = {};
        const char *text = NULL;
        int r = read_text(root, key, &text, d);

        if (r >= 0)
                r = certificate_list_parse(text, strlen(text), key, &list, d);
        if (r < 0)
                return r;
        if (list.n != n)
                return diag_fail(d, -EBADMSG, "%s has %zu certificates, not %zu", key, list.n, n);
        return certificate_list_move(to, &list);
}

static int first_expiry(const struct certificate_list *chain, uint64_t *ret, struct diag *d) {
        uint64_t first = UINT64_MAX;

        for (size_t i = 0; i < chain->n; i++) {
                int64_t end = certificate_time(X509_get0_notAfter(chain->list[i]));

                if (end < 0)
                        return diag_fail(d, -EBADMSG, "the %s does not say until when it is valid",
                                roles[i]);
                if ((uint64_t)end < first)
                        first = (uint64_t)end;
        }
        *ret = first;
        return 0;
}

static int read_answer(const struct json_node *root, struct endorsements *e, struct diag *d) {
        const char *tcb = NULL;
        int r;

        r = read_certificates(root, "vcekCert", 1, &e->chain, d);
        if (r >= 0)
                r = read_certificates(root, "certificateChain", CHAIN_LENGTH - 1, &e->chain, d);
        if (r >= 0)
                r = read_text(root, "tcbm", &tcb, d);
        if (r >= 0 && number_parse(tcb, 16, UINT64_MAX, &e->tcb) < 0)
                r = diag_fail(d, -EBADMSG, "tcbm is no hexadecimal number");
        if (r >= 0)
                r = read_seconds(json_member(root, "cacheControl"), &e->lifetime, d);
        if (r >= 0)
                r = vek_certificate_parse(e->chain.list[0], &e->vek, d);
        return r < 0 ? r : first_expiry(&e->chain, &e->not_after, d);
}

int endorsements_parse(const char *text, size_t n, struct endorsements *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(endorsements_done) struct endorsements e = {};
        int r;

        if (n > ENDORSEMENTS_ANSWER_MAX)
                return diag_fail(d, -EBADMSG, "the answer has more than %d bytes", ENDORSEMENTS_ANSWER_MAX);
        r = json_record_parse(text, n, "the answer", &document, d);
        if (r >= 0)
                r = read_answer(document->root, &e, d);
        if (r < 0)
                return r;
        *ret = e;
        e.chain.n = 0; /* handed over */
        return 0;
}

void endorsements_done(struct endorsements *e) {
        certificate_list_done(&e->chain);
}

/* That each is issued by the next, and the last one by itself. */
static int check_signatures(const struct certificate_list *chain, struct diag *d) {
        for (size_t i = 0; i < chain->n; i++) {
                size_t above = i + 1 < chain->n ? i + 1 : i;
                X509 *one = chain->list[i], *issuer = chain->list[above];
                EVP_PKEY *key = X509_get0_pubkey(issuer);
                bool good = X509_NAME_cmp(X509_get_issuer_name(one), X509_get_subject_name(issuer)) == 0 &&
                        key && X509_verify(one, key) == 1;

                ERR_clear_error();
                if (!good)
                        return diag_fail(d, -EKEYREJECTED, "the %s is not signed by the %s beside it",
                                roles[i], roles[above]);
        }
        return 0;
}

static int check_validity(const struct endorsements *e, uint64_t now, struct diag *d) {
        time_t end = (time_t)e->not_after;
        char text[32] = "";
        struct tm tm;

        if (now <= e->not_after)
                return 0;
        if (gmtime_r(&end, &tm))
                (void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
        return diag_fail(d, -EKEYREJECTED, "the chain expired on %s, by the clock of this guest", text);
}

static bool is_zero(const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (bytes[i] != 0)
                        return false;
        return true;
}

static int check_chip(const struct endorsements *e, const struct endorsed *for_what, struct diag *d) {
        const struct vek_certificate *v = &e->vek;

        if (for_what->product && for_what->product != v->product)
                return diag_fail(d, -EXDEV, "the VEK is for %s, the report from %s",
                        snp_product_to_string(v->product), snp_product_to_string(for_what->product));
        if (is_zero(for_what->chip_id, sizeof(for_what->chip_id)))
                return 0;
        if (v->n_hwid == 0)
                return diag_fail(d, -EXDEV, "the VEK names no chip");
        /* Turin: 8 bytes, and zeros in the report behind them */
        if (memcmp(v->hwid, for_what->chip_id, v->n_hwid) != 0 ||
                !is_zero(for_what->chip_id + v->n_hwid, sizeof(for_what->chip_id) - v->n_hwid))
                return diag_fail(d, -EXDEV, "the VEK is another chip's");
        return 0;
}

static bool same_tcb(const struct snp_tcb *a, const struct snp_tcb *b) {
        return snp_tcb_at_most(a, b) && snp_tcb_at_most(b, a);
}

static int check_tcb(const struct endorsements *e, const struct endorsed *for_what, struct diag *d) {
        struct snp_tcb said = snp_tcb_of(e->tcb, e->vek.product);

        if (e->tcb != for_what->tcb)
                return diag_fail(d, -ESTALE,
                        "the endorsements are for TCB %016" PRIx64 ", the report has %016" PRIx64, e->tcb,
                        for_what->tcb);
        if (!same_tcb(&said, &e->vek.tcb))
                return diag_fail(d, -ESTALE, "tcbm %016" PRIx64 " is not the TCB that the VEK is for",
                        e->tcb);
        return 0;
}

int endorsements_check(const struct endorsements *e, const struct endorsed *for_what, uint64_t now,
        struct diag *d) {
        int r = check_chip(e, for_what, d); /* signatures last: they cost most */

        if (r >= 0)
                r = check_tcb(e, for_what, d);
        if (r >= 0)
                r = check_validity(e, now, d);
        return r < 0 ? r : check_signatures(&e->chain, d);
}
