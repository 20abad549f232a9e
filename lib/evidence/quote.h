/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A quote by the AK over registers, and their values. */
#include "lib/evidence/ak.h"
#include "lib/format/tpm-quote.h"

#define QUALIFYING_DATA_MAX 64 /* a TPM may take less: Azure's takes 50 */

/* Some or all of a bank's registers, in several commands. -EOPNOTSUPP: the TPM has no such bank. */
int pcr_bank_read(struct tpm *t, enum pcr_hash bank, uint32_t selected, struct pcr_bank *ret,
        struct diag *d);

/*
 * The values are those that were quoted: they are read, quoted and compared, again when one moved on in
 * between, and -EAGAIN when one does so each time. The caller ends *ret with tpm_quote_done(). -EINVAL: more
 * qualifying data than this TPM takes.
 */
int quote_take(struct tpm *t, const struct tpm_key *ak, const void *qualifying, size_t n_qualifying,
        enum pcr_hash bank, uint32_t selected, struct tpm_quote *ret, struct diag *d);

/* The bare signature within a TPMT_SIGNATURE by RSA: borrowed. -EOPNOTSUPP: it is by another kind of key. */
int quote_rsa_signature(const struct tpm_quote *q, struct span *ret, struct diag *d);
