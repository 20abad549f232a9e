/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Judging evidence: anchors, certificates and expectations go in once, then any number of pieces of
 * evidence. It needs no network and no clock. Not for several threads.
 */
#include "lib/verify/check.h"
#include "lib/verify/evidence.h"
#include "lib/verify/expectation.h"
#include "lib/verify/roots.h"

struct verifier;

struct verifier_settings {
        int64_t at;                  /* the clock: seconds since 1970 */
        unsigned waived;             /* bits of enum waiver */
        const uint8_t *nonce, *bind; /* borrowed; NULL: not known */
        size_t n_nonce, n_bind;
        const struct expectation *expectation; /* borrowed; NULL: none */
        bool several; /* much evidence: certificates given along need not belong to each piece */
};

/* What was found. Reused from one piece to the next. */
struct verification {
        struct checks checks;
        struct evidence evidence; /* what it was about; borrows the bytes */
        enum snp_product product; /* of an SNP report; 0: not known */
};

int verifier_new(const struct verifier_settings *s, struct verifier **ret);
void verifier_free(struct verifier *v);
DEFINE_FREEP(struct verifier, verifier_free)

/* Adds or replaces roots by those of a folder; see roots.h. */
int verifier_load_roots(struct verifier *v, const char *folder, struct diag *d);
const struct roots *verifier_roots(const struct verifier *v);

/*
 * Certificates, PEM or DER, that go before those in the evidence, or above them; what names them in
 * messages. They follow each other, leaf first: -EBADMSG otherwise, and for what certificates_add() refuses.
 */
int verifier_add_certificates(struct verifier *v, const char *what, const void *bytes, size_t n,
        struct diag *d);

/* A revocation list; see revocation.h. */
int verifier_add_crl(struct verifier *v, const char *what, const void *bytes, size_t n, struct diag *d);

/* TCB info, QE identity, or the chain that signed them; see tdx-collateral.h. */
int verifier_add_collateral(struct verifier *v, const char *what, const void *bytes, size_t n,
        struct diag *d);

/*
 * Runs every check there is. 0 whatever the verdict is; -EBADMSG or -EOPNOTSUPP with the reason for what
 * cannot be parsed. On success the caller ends *ret with verification_done(), and may use it again.
 */
int verifier_run(struct verifier *v, const void *bytes, size_t n, struct verification *ret, struct diag *d);
void verification_done(struct verification *v);
