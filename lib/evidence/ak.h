/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The keys that the paravisor keeps in its vTPM: the attestation key (AK), which signs quotes, with its
 * certificate, and the endorsement key (EK). Source of the handles: openvmm, vtpm; Azure's clients.
 */
#include "lib/evidence/tpm.h"
#include "lib/format/runtime-claims.h"
#include "lib/format/span.h"

#define AK_HANDLE UINT32_C(0x81000003)
#define EK_HANDLE UINT32_C(0x81010001)
#define AK_CERTIFICATE_INDEX UINT32_C(0x01c101d0)

/* A persistent key. */
struct tpm_key {
        struct tpm *tpm;
        uint32_t handle;
        uint32_t object; /* ESYS's */
        uint8_t *public; /* TPMT_PUBLIC */
        size_t n_public;
        struct rsa_key rsa; /* n_modulus 0: it is no RSA key */
};

/* -ENOENT: there is no such key. */
int tpm_key_open(struct tpm *t, uint32_t handle, struct tpm_key *ret, struct diag *d);
void tpm_key_done(struct tpm_key *k);

/* -EKEYREJECTED: the report names another key than the TPM has; -EBADMSG: it names none. */
int ak_check(const struct tpm_key *ak, const struct rsa_key *named, struct diag *d);

/*
 * The one certificate at the beginning of bytes, by its own length, with zeroes behind it. No bytes, when
 * all are zero. -EBADMSG for anything else.
 */
int ak_certificate_trim(const uint8_t *bytes, size_t n, struct span *ret, struct diag *d);

/* The caller frees *ret, DER. -ENODATA: there is none. */
int ak_certificate_read(struct tpm *t, uint8_t **ret, size_t *ret_size, struct diag *d);
