/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of verification share: one piece of evidence judged, and which checks count against it. */
#include <stdio.h>

#include "lib/verify/verifier.h"
#include "tests/unit/harness.h"

#define WAIVE_ALL (WAIVE_MEASUREMENT | WAIVE_NONCE | WAIVE_BIND | WAIVE_AK)

/* What goes in along with the evidence. */
struct judge {
        struct verifier_settings settings;
        const char *roots;           /* a folder; NULL: none */
        const void *certificates[4]; /* each a file's content; NULL ends them */
        size_t n_certificates[4];
        const void *crls[4]; /* likewise */
        size_t n_crls[4];
        const void *collateral[4];
        size_t n_collateral[4];
};

/* Names of the checks that count against the evidence, in their order, with a blank in between. */
static inline void list_against(const struct checks *c, char *ret, size_t size) {
        size_t used = 0;

        ret[0] = 0;
        for (unsigned i = 1; i < _CHECK_MAX; i++)
                if (check_counts_against(i, c->of[i].result))
                        used += (size_t)snprintf(ret + used, size - used, "%s%s", used ? " " : "",
                                check_name(i));
}

static inline void show_against(const struct checks *c) {
        for (unsigned i = 1; i < _CHECK_MAX; i++)
                if (check_counts_against(i, c->of[i].result))
                        print_message("%s: %s: %s\n", check_name(i), check_result_to_string(c->of[i].result),
                                c->of[i].detail);
}

/* Returns what verifier_run() does; *ret is to be ended where that is 0. */
static inline int judge_run(const struct judge *j, const void *bytes, size_t n, struct verification *ret,
        struct diag *d) {
        _cleanup_(verifier_freep) struct verifier *v = NULL;
        _cleanup_(freep) uint8_t *exact = copy_exact(bytes, n);
        int r;

        memset(ret, 0, sizeof(*ret));
        assert_int_equal(verifier_new(&j->settings, &v), 0);
        if (j->roots)
                assert_int_equal(verifier_load_roots(v, j->roots, d), 0);
        for (size_t i = 0; i < 4 && j->certificates[i]; i++)
                assert_int_equal(
                        verifier_add_certificates(v, "given", j->certificates[i], j->n_certificates[i], d),
                        0);
        for (size_t i = 0; i < 4 && j->crls[i]; i++)
                assert_int_equal(verifier_add_crl(v, "crl", j->crls[i], j->n_crls[i], d), 0);
        for (size_t i = 0; i < 4 && j->collateral[i]; i++)
                assert_int_equal(
                        verifier_add_collateral(v, "collateral", j->collateral[i], j->n_collateral[i], d),
                        0);
        r = verifier_run(v, exact, n, ret, d);
        if (r >= 0)
                verification_done(ret); /* the findings stay */
        return r;
}

/* That exactly these checks count against the evidence ("": none). */
static inline void assert_against(const struct judge *j, const void *bytes, size_t n, const char *expected) {
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        char against[1024];
        struct diag d = {};

        assert_non_null(v);
        if (judge_run(j, bytes, n, v, &d) < 0)
                fail_msg("%s", d.text);
        list_against(&v->checks, against, sizeof(against));
        if (strcmp(against, expected) != 0)
                show_against(&v->checks);
        assert_string_equal(against, expected);
        assert_int_equal(checks_acceptable(&v->checks), expected[0] == 0);
}
