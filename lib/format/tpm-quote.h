/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A quote with the register values that it covers, as our bundles carry it. JSON, no white space:
 *   {"version":1,"attest":B64URL(TPMS_ATTEST),"signature":B64URL(TPMT_SIGNATURE),
 *    "ak-public":B64URL(TPMT_PUBLIC),"pcr-bank":"sha256","pcrs":{"0":HEX,...}}
 * "ak-public" is a hint for people: the key that counts is the one that the report or the certificate names.
 */
#include "lib/format/tpm-attest.h"

struct tpm_quote {
        uint8_t *attest, *signature, *ak_public; /* owned */
        size_t n_attest, n_signature, n_ak_public;
        struct pcr_bank pcrs;
};

/* The caller frees *ret, a string. -ENOMEM. */
int tpm_quote_format(const struct tpm_quote *q, char **ret);

int tpm_quote_parse(const void *bytes, size_t n, struct tpm_quote *ret, struct diag *d);
void tpm_quote_done(struct tpm_quote *q);
