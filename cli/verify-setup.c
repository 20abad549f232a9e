/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verify-setup.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cli/input.h"
#include "lib/base/hex.h"
#include "lib/base/number.h"
#include "lib/format/tdx-collateral.h"

#define CERTIFICATES_FILE_MAX ((size_t)1024 * 1024)
#define CRL_FILE_MAX ((size_t)16 * 1024 * 1024)
#define NO_TIME_BEYOND INT64_C(253402300799) /* the year 9999 */

void verify_setup_done(struct verify_setup *s) {
        verifier_free(s->verifier);
        expectation_free(s->expectation);
        *s = (struct verify_setup){};
}

/* "2026-06-01", "2026-06-01T12:00:00Z", or "@" and seconds since 1970. */
static int parse_time(struct context *x, const char *text, int64_t *ret) {
        struct tm tm = {};
        const char *end = NULL;
        uint64_t seconds;

        if (text[0] == '@' && number_parse(text + 1, 10, NO_TIME_BEYOND, &seconds) >= 0) {
                *ret = (int64_t)seconds;
                return 0;
        }
        if (strlen(text) == strlen("2026-06-01"))
                end = strptime(text, "%Y-%m-%d", &tm);
        else if (strlen(text) == strlen("2026-06-01T12:00:00Z"))
                end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (!end || *end)
                return context_usage(x,
                        "--at is a day (2026-06-01), a time in UTC (2026-06-01T12:00:00Z) or "
                        "@SECONDS, not '%s'",
                        text);
        *ret = timegm(&tm);
        return 0;
}

/* The clock of this machine, unless told otherwise. */
static int find_time(struct context *x, int64_t *ret) {
        if (x->options->given[OPTION_AT])
                return parse_time(x, x->options->values[OPTION_AT], ret);
        *ret = time(NULL);
        return 0;
}

/* Hexadecimal digits of an option; *ret_bytes is NULL when it was not given. */
static int parse_bytes(struct context *x, enum option_id id, size_t max, uint8_t *room,
        const uint8_t **ret_bytes, size_t *ret_n) {
        const char *text = x->options->values[id];
        int r;

        *ret_bytes = NULL;
        if (!text)
                return 0;
        r = hex_parse(text, strlen(text), room, max, ret_n);
        if (r < 0)
                return context_usage(x, "--%s is 1 to %zu bytes in hexadecimal digits%s",
                        option_row(id)->name, max, r == -EMSGSIZE ? ", and this is more" : "");
        *ret_bytes = room;
        return 0;
}

static unsigned waivers(const struct options *o) {
        return (o->given[OPTION_ANY_MEASUREMENT] ? (unsigned)WAIVE_MEASUREMENT : 0) |
                (o->given[OPTION_ANY_NONCE] ? (unsigned)WAIVE_NONCE : 0) |
                (o->given[OPTION_ANY_BIND] ? (unsigned)WAIVE_BIND : 0) |
                (o->given[OPTION_ANY_AK] ? (unsigned)WAIVE_AK : 0);
}

/* Hands each of the files to the verifier. */
static int add_files(struct context *x, struct verifier *v, char **names, size_t n, size_t max,
        int (*add)(struct verifier *v, const char *what, const void *bytes, size_t n, struct diag *d)) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *bytes = NULL;
                size_t size;
                int r = input_read(names[i], max, &bytes, &size, &x->diag);

                if (r >= 0)
                        r = add(v, names[i], bytes, size, &x->diag);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_anchors(struct context *x, struct verifier *v) {
        const struct options *o = x->options;
        int r = 0;

        if (o->given[OPTION_ROOTS])
                r = verifier_load_roots(v, o->values[OPTION_ROOTS], &x->diag);
        if (r >= 0)
                r = add_files(x, v, o->certificates, o->n_certificates, CERTIFICATES_FILE_MAX,
                        verifier_add_certificates);
        if (r >= 0)
                r = add_files(x, v, o->crls, o->n_crls, CRL_FILE_MAX, verifier_add_crl);
        if (r >= 0)
                r = add_files(x, v, o->collateral, o->n_collateral, TDX_COLLATERAL_MAX,
                        verifier_add_collateral);
        return r;
}

int verify_setup_expectation(struct context *x, const char *name, struct expectation **ret,
        struct policy_problems *ret_problems) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = input_read(name, EXPECTATION_MAX, &text, &n, &x->diag);

        return r < 0 ? r : expectation_parse(name, text, n, ret, ret_problems, &x->diag);
}

static int read_expectation(struct context *x, struct expectation **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        const char *name = x->options->values[OPTION_EXPECT];
        int r = name ? verify_setup_expectation(x, name, ret, &problems) : 0;

        if (r == -EBADMSG)
                x->hint = "attest expect check shows all that is wrong with it";
        return r;
}

int verify_setup(struct context *x, bool several, struct verify_setup *ret) {
        struct verifier_settings *settings = &ret->settings;
        int r;

        settings->waived = waivers(x->options);
        settings->several = several;
        r = find_time(x, &settings->at);
        if (r >= 0)
                r = parse_bytes(x, OPTION_NONCE, NONCE_MAX, ret->nonce, &settings->nonce,
                        &settings->n_nonce);
        if (r >= 0)
                r = parse_bytes(x, OPTION_BIND, BIND_MAX, ret->bind, &settings->bind, &settings->n_bind);
        if (r >= 0)
                r = read_expectation(x, &ret->expectation);
        settings->expectation = ret->expectation;
        if (r >= 0)
                r = verifier_new(settings, &ret->verifier);
        return r < 0 ? r : add_anchors(x, ret->verifier);
}
