/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source of the rules: lib/claims/binding.h; for Trustee what its verifiers demand. */
#include "lib/verify/binding-verify.h"

#include <openssl/crypto.h>
#include <string.h>

static const char NO_NONCE[] = "no nonce was given to hold it against: --nonce HEX, or --any-nonce";
static const char NO_BIND[] = "no channel was given to hold it against: --bind HEX, or --any-bind";

static bool same(const void *a, size_t n_a, const void *b, size_t n_b) {
        return n_a == n_b && CRYPTO_memcmp(a, b, n_a) == 0;
}

/* n bytes, and zeroes behind them. */
static bool is_padded(const uint8_t data[USER_DATA_SIZE], const uint8_t *bytes, size_t n) {
        uint8_t padded[USER_DATA_SIZE] = {};

        if (n > USER_DATA_SIZE)
                return false;
        memcpy(padded, bytes, n);
        return CRYPTO_memcmp(data, padded, USER_DATA_SIZE) == 0;
}

/* As cvmd writes a raw nonce, or as others do. */
static bool is_raw(const uint8_t data[USER_DATA_SIZE], const uint8_t *nonce, size_t n) {
        uint8_t raw[USER_DATA_SIZE];

        return is_padded(data, nonce, n) ||
                (raw_user_data(nonce, n, raw, NULL) >= 0 && CRYPTO_memcmp(data, raw, USER_DATA_SIZE) == 0);
}

static void verify_bind(const uint8_t *bind, size_t n, const struct expected_words *w, struct checks *c) {
        if (w->bind)
                check_that(c, CHECK_BIND, same(bind, n, w->bind, w->n_bind),
                        "the channel that the evidence was made for");
        else
                check_missing(c, CHECK_BIND, WAIVE_BIND, "%s", NO_BIND);
}

/* Evidence that names no channel. */
static void verify_no_bind(const struct expected_words *w, struct checks *c) {
        if (w->bind)
                check_note(c, CHECK_BIND, CHECK_FAIL, "evidence of this form names no channel");
        else
                check_missing(c, CHECK_BIND, WAIVE_BIND,
                        "evidence of this form names no channel (--any-bind)");
}

static const char *const tags[] = {
        [USER_DATA_FOREIGN] = "none of cvmd's",
        [USER_DATA_BATCH] = "batch",
        [USER_DATA_RAW] = "raw nonce",
};

/* The report covers the batch. */
static void verify_user_data(const struct evidence *e, const struct expected_words *w, struct checks *c) {
        const struct batch *b = &e->batch;
        uint8_t expected[USER_DATA_SIZE];
        enum user_data_tag tag;

        if (b->freshness == FRESHNESS_QUOTE) {
                check_that(c, CHECK_FRESHNESS, w->quote_suffices,
                        "the report was not made anew for this nonce: only the quote is fresh");
                return;
        }
        check_note(c, CHECK_FRESHNESS, CHECK_PASS, "report and quote were made for this batch");
        if (!e->user_data) {
                check_note(c, CHECK_USER_DATA, CHECK_FAIL, "the report has no user-data");
                return;
        }
        tag = user_data_tag(e->user_data);
        check_that(c, CHECK_USER_DATA_TAG, tag == USER_DATA_BATCH, "tag of the user-data: %s", tags[tag]);
        check_that(c, CHECK_USER_DATA,
                batch_user_data(b->bindings, b->n_bindings, expected) >= 0 &&
                        CRYPTO_memcmp(expected, e->user_data, USER_DATA_SIZE) == 0,
                "the report covers %zu %s", b->n_bindings, b->n_bindings == 1 ? "binding" : "bindings");
}

/* The binding of these claims to this nonce and channel is the one that the batch has in its place. */
static void verify_binding(const struct evidence *e, struct checks *c) {
        const struct batch *b = &e->batch;
        struct digest binding;
        struct diag d = {};

        if (binding_compute(b->nonce, b->n_nonce, b->bind, b->n_bind, e->claims.bytes, e->claims.n, &binding,
                    &d) < 0) {
                check_note(c, CHECK_BINDING, CHECK_FAIL, "%s", d.text);
                return;
        }
        check_that(c, CHECK_BINDING,
                CRYPTO_memcmp(binding.bytes, b->bindings[b->index].bytes, SHA256_SIZE) == 0,
                "nonce, channel and claims are number %zu of the batch", b->index + 1);
        if (e->has_quote)
                check_that(c, CHECK_QUOTE_DATA,
                        same(e->attest.extra_data.bytes, e->attest.extra_data.n, binding.bytes, SHA256_SIZE),
                        "the quote covers the binding");
}

/* What a bundle without one of its records still claims to be is nothing. */
static bool verify_records(const struct evidence *e, struct checks *c) {
        const char *missing = !e->claims.bytes ? "claims"
                : !e->has_batch                ? "batch"
                : !e->has_hcl && !e->has_tsm   ? "hcl-report"
                : !e->has_quote && !e->has_tsm ? "tpm-quote"
                                               : NULL;

        if (missing)
                return check_note(c, CHECK_RECORDS, CHECK_FAIL, "the bundle has no %s", missing);
        return check_note(c, CHECK_RECORDS, CHECK_PASS, "claims, batch, %s",
                e->has_tsm ? "and the hardware's report" : "report and quote");
}

static bool verify_bundle(const struct evidence *e, const struct expected_words *w, struct checks *c) {
        const struct batch *b = &e->batch;

        if (!verify_records(e, c) && (!e->claims.bytes || !e->has_batch)) {
                check_missing(c, CHECK_NONCE, WAIVE_NONCE, "nothing in the bundle is bound to a nonce");
                check_missing(c, CHECK_BIND, WAIVE_BIND, "nothing in the bundle is bound to a channel");
                return false;
        }
        verify_binding(e, c);
        verify_user_data(e, w, c);
        if (w->nonce)
                check_that(c, CHECK_NONCE, same(b->nonce, b->n_nonce, w->nonce, w->n_nonce),
                        "the nonce that was given");
        else
                check_missing(c, CHECK_NONCE, WAIVE_NONCE, "%s", NO_NONCE);
        verify_bind(b->bind, b->n_bind, w, c);
        return check_passed(c, CHECK_NONCE) && check_passed(c, CHECK_BINDING) &&
                check_passed(c, CHECK_USER_DATA_TAG) && check_passed(c, CHECK_USER_DATA);
}

/* The quote's qualifying data is the nonce; from version 2 on the report's user-data begins with it, too. */
static bool verify_trustee(const struct evidence *e, const struct expected_words *w, struct checks *c) {
        struct span data = e->attest.extra_data;
        bool covered = e->user_data && is_raw(e->user_data, data.bytes, data.n);

        if (e->trustee.version >= 2 || covered)
                check_that(c, CHECK_USER_DATA, covered, "the report covers the quote's nonce");
        if (w->nonce)
                check_that(c, CHECK_NONCE, same(data.bytes, data.n, w->nonce, w->n_nonce),
                        "the nonce that was given, in the quote");
        else
                check_missing(c, CHECK_NONCE, WAIVE_NONCE, "%s", NO_NONCE);
        verify_no_bind(w, c);
        return check_passed(c, CHECK_NONCE) && check_passed(c, CHECK_USER_DATA);
}

/* 64 bytes that the guest chose, in a report alone. */
static void verify_bare(const struct evidence *e, const struct expected_words *w, struct checks *c) {
        if (!w->nonce)
                check_missing(c, CHECK_NONCE, WAIVE_NONCE, "%s", NO_NONCE);
        else if (!e->user_data)
                check_note(c, CHECK_NONCE, CHECK_FAIL, "the report has no user-data");
        else
                check_that(c, CHECK_NONCE, is_raw(e->user_data, w->nonce, w->n_nonce),
                        "the nonce that was given, in the %s", e->has_hcl ? "user-data" : "report data");
        verify_no_bind(w, c);
}

bool binding_verify(const struct evidence *e, const struct expected_words *w, struct checks *c) {
        switch (e->form) {
        case EVIDENCE_BUNDLE:
                return verify_bundle(e, w, c);
        case EVIDENCE_TRUSTEE:
                return verify_trustee(e, w, c);
        case EVIDENCE_HCL:
        case EVIDENCE_SNP:
        case EVIDENCE_TD_QUOTE:
                verify_bare(e, w, c);
                break;
        case _EVIDENCE_FORM_MAX:
                break;
        }
        return false;
}
