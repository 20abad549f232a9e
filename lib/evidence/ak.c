/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/ak.h"

#include <errno.h>
#include <openssl/x509.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/base/cursor.h"
#include "lib/evidence/nv.h"
#include "lib/evidence/tpm-private.h"

#define RSA_EXPONENT_DEFAULT 65537 /* which a TPM writes as 0 */
#define DER_SEQUENCE 0x30
#define DER_LONG 0x80   /* a length in so many bytes as the lower bits say */
#define DER_HEAD_SIZE 4 /* of a certificate: its length takes two bytes */

void tpm_key_done(struct tpm_key *k) {
        struct tpm_object object = { .tpm = k->tpm, .handle = k->object };

        if (k->tpm)
                tpm_object_done(&object);
        free(k->public);
        *k = (struct tpm_key){};
}

/* As a JWK has it: no zeroes in front. */
static void take_rsa(const TPMT_PUBLIC *public, struct rsa_key *ret) {
        const TPM2B_PUBLIC_KEY_RSA *n = &public->unique.rsa;
        size_t zeroes = 0;

        if (public->type != TPM2_ALG_RSA || n->size > sizeof(ret->modulus))
                return;
        while (zeroes < n->size && n->buffer[zeroes] == 0)
                zeroes++;
        ret->n_modulus = n->size - zeroes;
        memcpy(ret->modulus, n->buffer + zeroes, ret->n_modulus);
        ret->exponent = public->parameters.rsaDetail.exponent ?: RSA_EXPONENT_DEFAULT;
}

static int read_public(struct tpm *t, ESYS_TR object, struct tpm_key *k, struct diag *d) {
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        uint8_t bytes[sizeof(TPMT_PUBLIC)];
        size_t n = 0;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_ReadPublic(t->esys, object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL, NULL);
        if (!rc)
                rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, bytes, sizeof(bytes), &n);
        if (rc)
                return tpm_fail(t, rc, d, "TPM key 0x%08x", k->handle);
        if (tpm_copy(bytes, n, &k->public, &k->n_public) < 0)
                return diag_errno(d, -ENOMEM, "TPM key 0x%08x", k->handle);
        take_rsa(&public->publicArea, &k->rsa);
        return 0;
}

int tpm_key_open(struct tpm *t, uint32_t handle, struct tpm_key *ret, struct diag *d) {
        _cleanup_(tpm_object_done) struct tpm_object object = TPM_OBJECT_NONE;
        _cleanup_(tpm_key_done) struct tpm_key k = {};
        int r = tpm_object_open(t, handle, &object, d);

        if (r == -ENOENT)
                return diag_fail(d, r, "the TPM has no key at 0x%08x", handle);
        if (r < 0)
                return r;
        k = (struct tpm_key){ .tpm = t, .handle = handle, .object = object.handle };
        object = TPM_OBJECT_NONE;
        r = read_public(t, k.object, &k, d);
        if (r < 0)
                return r;
        *ret = k;
        k = (struct tpm_key){};
        return 0;
}

int ak_check(const struct tpm_key *ak, const struct rsa_key *named, struct diag *d) {
        if (named->n_modulus == 0)
                return diag_fail(d, -EBADMSG, "the paravisor's report names no AK");
        if (ak->rsa.n_modulus != named->n_modulus || ak->rsa.exponent != named->exponent ||
                memcmp(ak->rsa.modulus, named->modulus, named->n_modulus) != 0)
                return diag_fail(d, -EKEYREJECTED,
                        "the key at 0x%08x is not the AK that the paravisor's report names: somebody "
                        "replaced it",
                        ak->handle);
        return 0;
}

static int garbage(struct diag *d) {
        return diag_fail(d, -EBADMSG,
                "AK certificate, NV index 0x%08x: not one certificate with zeroes behind",
                AK_CERTIFICATE_INDEX);
}

/* How long the certificate says that it is, by its first bytes: 0 for what cannot be one. */
static size_t der_size(const uint8_t head[static DER_HEAD_SIZE]) {
        struct cursor c = cursor_over(head, DER_HEAD_SIZE);
        uint8_t tag = cursor_u8(&c), length = cursor_u8(&c);
        uint16_t size = cursor_be16(&c);

        return tag == DER_SEQUENCE && length == (DER_LONG | 2) ? (size_t)DER_HEAD_SIZE + size : 0;
}

int ak_certificate_trim(const uint8_t *bytes, size_t n, struct span *ret, struct diag *d) {
        const uint8_t *at = bytes;
        X509 *certificate;
        size_t size;

        if (span_is_zero((struct span){ bytes, n })) {
                *ret = (struct span){};
                return 0;
        }
        size = n < DER_HEAD_SIZE ? 0 : der_size(bytes);
        if (size == 0 || size > n || !span_is_zero((struct span){ bytes + size, n - size }))
                return garbage(d);
        certificate = d2i_X509(NULL, &at, (long)size);
        X509_free(certificate);
        if (!certificate || at != bytes + size)
                return garbage(d);
        *ret = (struct span){ .bytes = bytes, .n = size };
        return 0;
}

int ak_certificate_read(struct tpm *t, uint8_t **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
        _cleanup_(freep) uint8_t *bytes = NULL;
        struct span certificate = {};
        int r = nv_open(t, AK_CERTIFICATE_INDEX, &n, d);

        if (r == -ENOENT || (r >= 0 && !nv_is_written(&n)))
                r = -ENODATA;
        if (r >= 0)
                r = nv_read_all(&n, &bytes, d);
        if (r >= 0)
                r = ak_certificate_trim(bytes, n.size, &certificate, d);
        if (r >= 0 && !certificate.bytes)
                r = -ENODATA;
        if (r == -ENODATA)
                return diag_fail(d, r, "the TPM has no AK certificate (NV index 0x%08x)",
                        AK_CERTIFICATE_INDEX);
        if (r < 0)
                return r;
        *ret = TAKE(bytes);
        *ret_size = certificate.n;
        return 0;
}
