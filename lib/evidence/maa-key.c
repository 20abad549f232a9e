/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/maa-key.h"

#include <errno.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/base/digest.h"
#include "lib/evidence/quote.h"
#include "lib/evidence/tpm-private.h"

/* fixedTPM, fixedParent, sensitiveDataOrigin, noDA, decrypt */
#define KEY_ATTRIBUTES 0x00020432u

/* A transient key, flushed at its end. */
struct transient {
        struct tpm *tpm;
        ESYS_TR handle;
};

static void flush(struct transient *k) {
        if (!k->tpm)
                return;
        tpm_hurry_begin(k->tpm);
        if (tpm_next(k->tpm) >= 0)
                (void)Esys_FlushContext(k->tpm->esys, k->handle);
        tpm_hurry_end(k->tpm);
}

void maa_key_done(struct maa_key *k) {
        free(k->public);
        free(k->certify_info);
        free(k->certify_signature);
        *k = (struct maa_key){};
}

/*
 * What a policy session is at after TPM2_PolicyPCR with these values (part 3, 23.7): the hash of 32 zeroes,
 * the command's code, the selection and the digest of the registers.
 */
static int policy_digest(const struct pcr_bank *bank, TPM2B_DIGEST *ret, struct diag *d) {
        const TPML_PCR_SELECTION selection = tpm_selection(bank->hash, bank->selected);
        uint8_t hashed[SHA256_SIZE + sizeof(uint32_t) + sizeof(selection) + SHA256_SIZE] = {};
        size_t n = SHA256_SIZE;
        struct digest digest;
        TSS2_RC rc = Tss2_MU_TPM2_CC_Marshal(TPM2_CC_PolicyPCR, hashed, sizeof(hashed), &n);

        if (!rc)
                rc = Tss2_MU_TPML_PCR_SELECTION_Marshal(&selection, hashed, sizeof(hashed), &n);
        if (rc || pcr_bank_digest(bank, PCR_SHA256, hashed + n) < 0 ||
                digest_sha256(hashed, n + SHA256_SIZE, &digest) < 0)
                return diag_fail(d, -EIO, "the policy of a key cannot be computed");
        ret->size = sizeof(digest.bytes);
        memcpy(ret->buffer, digest.bytes, sizeof(digest.bytes));
        return 0;
}

static int make_primary(struct tpm *t, const struct pcr_bank *bank, struct transient *ret, struct maa_key *k,
        struct diag *d) {
        const TPML_PCR_SELECTION selection = tpm_selection(bank->hash, bank->selected);
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        const TPM2B_SENSITIVE_CREATE sensitive = {};
        const TPM2B_DATA outside = {};
        TPM2B_PUBLIC template = {
                .publicArea = {
                        .type = TPM2_ALG_RSA,
                        .nameAlg = TPM2_ALG_SHA256,
                        .objectAttributes = KEY_ATTRIBUTES,
                        .parameters.rsaDetail = {
                                .symmetric.algorithm = TPM2_ALG_NULL,
                                .scheme.scheme = TPM2_ALG_NULL,
                                .keyBits = 2048,
                        },
                },
        };
        uint8_t bytes[sizeof(TPMT_PUBLIC)];
        size_t n = 0;
        TSS2_RC rc;
        int r = policy_digest(bank, &template.publicArea.authPolicy, d);

        if (r >= 0)
                r = tpm_next(t);
        if (r < 0)
                return r;
        rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                &sensitive, &template, &outside, &selection, &ret->handle, &public, NULL, NULL, NULL);
        if (rc)
                return tpm_explain(t, tpm_fail(t, rc, d, "making a key bound to PCRs"), d);
        ret->tpm = t;
        rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, bytes, sizeof(bytes), &n);
        if (rc)
                return tpm_fail(t, rc, d, "a key bound to PCRs");
        return tpm_copy(bytes, n, &k->public, &k->n_public);
}

static int certify(const struct transient *key, const struct tpm_key *ak, struct maa_key *k,
        struct diag *d) {
        const TPMT_SIG_SCHEME own_scheme = { .scheme = TPM2_ALG_NULL };
        _cleanup_(esys_freep) TPM2B_ATTEST *info = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        const TPM2B_DATA qualifying = {};
        const TPM2B_PUBLIC_KEY_RSA *rsa;
        TSS2_RC rc;
        int r = tpm_next(key->tpm);

        if (r < 0)
                return r;
        rc = Esys_Certify(key->tpm->esys, key->handle, ak->object, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                ESYS_TR_NONE, &qualifying, &own_scheme, &info, &signature);
        if (rc)
                return tpm_explain(key->tpm,
                        tpm_fail(key->tpm, rc, d, "certifying a key by the AK, 0x%08x", ak->handle), d);
        if (signature->sigAlg != TPM2_ALG_RSASSA && signature->sigAlg != TPM2_ALG_RSAPSS)
                return diag_fail(d, -EOPNOTSUPP, "the AK is no RSA key");
        rsa = &signature->signature.rsassa.sig; /* of rsapss, the same */
        r = tpm_copy(rsa->buffer, rsa->size, &k->certify_signature, &k->n_certify_signature);
        return r < 0 ? r : tpm_copy(info->attestationData, info->size, &k->certify_info, &k->n_certify_info);
}

int maa_key_make(struct tpm *t, const struct tpm_key *ak, uint32_t selected, struct maa_key *ret,
        struct diag *d) {
        _cleanup_(maa_key_done) struct maa_key k = {};
        _cleanup_(flush) struct transient key = {};
        struct pcr_bank bank;
        int r = pcr_bank_read(t, PCR_SHA256, selected, &bank, d);

        if (r >= 0)
                r = make_primary(t, &bank, &key, &k, d);
        if (r >= 0)
                r = certify(&key, ak, &k, d);
        if (r < 0)
                return r;
        *ret = k;
        k = (struct maa_key){};
        return 0;
}
