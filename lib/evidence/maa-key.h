/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The key that Azure's attestation service (MAA) encrypts its answer to a guest with: an RSA primary under
 * the owner, which only decrypts, and only while the registers are what they were; certified by the AK.
 * Since a primary is derived from its template, it can be made again as long as they are. Source of the
 * template: Azure's guest attestation clients. Structures as on the wire, without their sizes in front.
 */
#include "lib/evidence/ak.h"

struct maa_key {
        uint8_t *public;            /* TPMT_PUBLIC */
        uint8_t *certify_info;      /* TPMS_ATTEST of type certify */
        uint8_t *certify_signature; /* bare RSA */
        size_t n_public, n_certify_info, n_certify_signature;
};

/* selected: of the SHA-256 bank. The TPM keeps nothing of it. */
int maa_key_make(struct tpm *t, const struct tpm_key *ak, uint32_t selected, struct maa_key *ret,
        struct diag *d);
void maa_key_done(struct maa_key *k);
