/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From the command line to a verifier. */
#include "cli/context.h"
#include "lib/claims/binding.h"
#include "lib/verify/verifier.h"

/* Reads an expectation; every problem goes into *ret_problems. */
int verify_setup_expectation(struct context *x, const char *name, struct expectation **ret,
        struct policy_problems *ret_problems);

/* What the verifier borrows. Zero-initialised is fine to end. */
struct verify_setup {
        uint8_t nonce[NONCE_MAX], bind[BIND_MAX];
        struct expectation *expectation; /* NULL: none was given */
        struct verifier_settings settings;
        struct verifier *verifier;
};

/* several: much evidence is to be judged. x->diag says what is wrong; -EINVAL is a matter of usage. */
int verify_setup(struct context *x, bool several, struct verify_setup *ret);
void verify_setup_done(struct verify_setup *s);
