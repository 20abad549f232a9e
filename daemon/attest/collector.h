/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The TPM as the methods of org.cvmd1.Attest use it, and what is known of it from earlier calls. */
#include "daemon/attest/jobs.h"
#include "lib/evidence/ak.h"
#include "lib/evidence/guest-input.h"

struct collector_options {
        const char *tcti;
        int state; /* a folder, or -1 */
        uint64_t window_usec;
};

struct collector {
        struct collector_options options;
        struct jobs *jobs;
        struct tpm *tpm; /* NULL: not opened yet */
        struct guest_input_memory input;
        struct rsa_key named; /* the AK by the last report; n_modulus 0: there was none */
        struct description {
                bool known;
                const char *isolation; /* static */
                bool ak, ak_certificate;
                uint8_t *ek_public; /* NULL: there is none */
                size_t n_ek_public;
        } description;
};

void collector_init(struct collector *c, const struct collector_options *options, struct jobs *jobs);
void collector_done(struct collector *c);

/* Opens the TPM, anew where the connection broke, and puts back what a killed one of us left in the guest
 * input. */
int collector_open(struct collector *c, struct diag *d);

/* The AK, which has to be the one that the last report named. */
int collector_open_ak(struct collector *c, struct tpm_key *ret, struct diag *d);
