/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/quote.h"

#include <errno.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/evidence/tpm-answer.h"
#include "lib/evidence/tpm-private.h"

#define TRIES_MAX 5 /* when registers move on */

/* Which of them an answer has values of. */
static uint32_t answered(const TPML_PCR_SELECTION *s, enum pcr_hash bank) {
        uint32_t mask = 0;

        if (s->count != 1 || s->pcrSelections[0].hash != (TPMI_ALG_HASH)bank)
                return 0;
        for (unsigned i = 0; i < s->pcrSelections[0].sizeofSelect && i < 3; i++)
                mask |= (uint32_t)s->pcrSelections[0].pcrSelect[i] << 8 * i;
        return mask;
}

/* One command's worth of those that are missing. */
static int read_some(struct tpm *t, uint32_t missing, struct pcr_bank *b, struct diag *d) {
        _cleanup_(esys_freep) TPML_PCR_SELECTION *read = NULL;
        _cleanup_(esys_freep) TPML_DIGEST *values = NULL;
        TPML_PCR_SELECTION wanted = tpm_selection(b->hash, missing);
        size_t size = pcr_hash_size(b->hash);
        uint32_t counter, got, n = 0;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, &counter, &read,
                &values);
        if (rc)
                return tpm_fail(t, rc, d, "reading PCRs");
        got = answered(read, b->hash) & missing;
        if (got == 0)
                return diag_fail(d, -EOPNOTSUPP, "the TPM has no PCRs of bank %s",
                        pcr_hash_to_string(b->hash));
        for (unsigned i = 0; i < PCR_COUNT; i++) {
                if (!(got & UINT32_C(1) << i))
                        continue;
                if (n >= values->count || values->digests[n].size != size)
                        return diag_fail(d, -EIO, "the TPM answers with other PCRs than it says");
                memcpy(b->values[i], values->digests[n++].buffer, size);
        }
        b->selected |= got;
        return 0;
}

int pcr_bank_read(struct tpm *t, enum pcr_hash bank, uint32_t selected, struct pcr_bank *ret,
        struct diag *d) {
        struct pcr_bank b = { .hash = bank };

        if (pcr_hash_size(bank) == 0 || selected == 0 || (selected & ~PCR_ALL))
                return diag_fail(d, -EINVAL, "no such PCRs");
        while (b.selected != selected) {
                int r = read_some(t, selected & ~b.selected, &b, d);

                if (r < 0)
                        return r;
        }
        *ret = b;
        return 0;
}

static int quote_once(struct tpm *t, const struct tpm_key *ak, const TPM2B_DATA *qualifying,
        enum pcr_hash bank, uint32_t selected, struct tpm_quote *q, struct diag *d) {
        const TPMT_SIG_SCHEME own_scheme = { .scheme = TPM2_ALG_NULL };
        const TPML_PCR_SELECTION selection = tpm_selection(bank, selected);
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        uint8_t bytes[sizeof(*signature)];
        size_t n = 0;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_Quote(t->esys, ak->object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, qualifying,
                &own_scheme, &selection, &attest, &signature);
        if (rc && tpm_answer_code(rc) == TPM2_RC_SIZE)
                return diag_fail(d, -EINVAL, "%u bytes of qualifying data are more than this TPM takes",
                        qualifying->size);
        if (!rc)
                rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof(bytes), &n);
        if (rc)
                return tpm_explain(t, tpm_fail(t, rc, d, "quote by the AK, 0x%08x", ak->handle), d);
        r = tpm_copy(attest->attestationData, attest->size, &q->attest, &q->n_attest);
        if (r >= 0)
                r = tpm_copy(bytes, n, &q->signature, &q->n_signature);
        if (r >= 0)
                r = tpm_copy(ak->public, ak->n_public, &q->ak_public, &q->n_ak_public);
        return r < 0 ? diag_errno(d, r, "quote") : 0;
}

/* By which hash the quote has the digest of the registers: that of the signature. */
static int signing_hash(const struct tpm_quote *q, enum pcr_hash *ret, struct diag *d) {
        struct tpm_signature signature;
        int r = tpm_signature_parse(q->signature, q->n_signature, &signature, d);

        if (r >= 0)
                *ret = signature.hash;
        return r;
}

/* 1: what was quoted is what was read, 0: it moved on. */
static int is_consistent(const struct tpm_quote *q, const struct pcr_bank *bank, struct diag *d) {
        uint8_t digest[PCR_SIZE_MAX];
        struct tpm_attest attest;
        enum pcr_hash with;
        int r = tpm_attest_parse(q->attest, q->n_attest, &attest, d);

        if (r >= 0)
                r = signing_hash(q, &with, d);
        if (r >= 0)
                r = pcr_bank_digest(bank, with, digest);
        if (r < 0)
                return r;
        return attest.bank == bank->hash && attest.selected == bank->selected &&
                attest.pcr_digest.n == pcr_hash_size(with) &&
                memcmp(attest.pcr_digest.bytes, digest, attest.pcr_digest.n) == 0;
}

int quote_take(struct tpm *t, const struct tpm_key *ak, const void *qualifying, size_t n_qualifying,
        enum pcr_hash bank, uint32_t selected, struct tpm_quote *ret, struct diag *d) {
        TPM2B_DATA data = { .size = (uint16_t)n_qualifying };

        if (n_qualifying > QUALIFYING_DATA_MAX)
                return diag_fail(d, -EINVAL, "qualifying data of %zu bytes: at most %d are possible",
                        n_qualifying, QUALIFYING_DATA_MAX);
        memcpy(data.buffer, qualifying, n_qualifying);
        for (unsigned i = 0; i < TRIES_MAX; i++) {
                _cleanup_(tpm_quote_done) struct tpm_quote q = {};
                int r = pcr_bank_read(t, bank, selected, &q.pcrs, d);

                if (r >= 0)
                        r = quote_once(t, ak, &data, bank, selected, &q, d);
                if (r >= 0)
                        r = is_consistent(&q, &q.pcrs, d);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = q;
                        q = (struct tpm_quote){};
                        return 0;
                }
        }
        return diag_fail(d, -EAGAIN, "the PCRs changed each time while they were quoted: try again");
}

int quote_rsa_signature(const struct tpm_quote *q, struct span *ret, struct diag *d) {
        struct tpm_signature signature;
        int r = tpm_signature_parse(q->signature, q->n_signature, &signature, d);

        if (r < 0)
                return r;
        if (!signature.rsa.bytes)
                return diag_fail(d, -EOPNOTSUPP, "the AK is no RSA key");
        *ret = signature.rsa;
        return 0;
}
