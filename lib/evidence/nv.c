/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/nv.h"

#include <errno.h>
#include <string.h>

#include "lib/evidence/tpm-private.h"

#define NV_BUFFER_LEAST 64 /* less than any TPM has */

static struct tpm_object object_of(const struct nv_index *n) {
        return (struct tpm_object){ .tpm = n->tpm, .handle = n->object };
}

void nv_close(struct nv_index *n) {
        struct tpm_object o = object_of(n);

        if (n->tpm)
                tpm_object_done(&o);
        *n = NV_INDEX_NONE;
}

bool nv_is_written(const struct nv_index *n) {
        return n->attributes & TPMA_NV_WRITTEN;
}

bool nv_is_owner_readable(const struct nv_index *n) {
        return n->attributes & TPMA_NV_OWNERREAD;
}

int nv_open(struct tpm *t, uint32_t index, struct nv_index *ret, struct diag *d) {
        _cleanup_(tpm_object_done) struct tpm_object object = TPM_OBJECT_NONE;
        _cleanup_(esys_freep) TPM2B_NV_PUBLIC *public = NULL;
        TSS2_RC rc;
        int r = tpm_object_open(t, index, &object, d);

        if (r == -ENOENT)
                return diag_fail(d, r, "NV index 0x%08x is not defined", index);
        if (r >= 0)
                r = tpm_next(t);
        if (r < 0)
                return r;
        rc = Esys_NV_ReadPublic(t->esys, object.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
                NULL);
        if (rc)
                return tpm_fail(t, rc, d, "NV index 0x%08x", index);
        *ret = (struct nv_index){
                .tpm = t,
                .index = index,
                .attributes = public->nvPublic.attributes,
                .object = object.handle,
                .size = public->nvPublic.dataSize,
        };
        object.handle = ESYS_TR_NONE;
        return 0;
}

/* How many bytes of what is left go into one command. */
static int part_size(struct tpm *t, size_t left, size_t *ret, struct diag *d) {
        uint32_t max;

        if (t->nv_buffer == 0) {
                int r = tpm_property(t, TPM2_PT_NV_BUFFER_MAX, &max, d);

                if (r < 0)
                        return r;
                t->nv_buffer = max < NV_BUFFER_LEAST ? NV_BUFFER_LEAST : max;
                if (t->nv_buffer > TPM2_MAX_NV_BUFFER_SIZE) /* more than ESYS has room for */
                        t->nv_buffer = TPM2_MAX_NV_BUFFER_SIZE;
        }
        *ret = left < t->nv_buffer ? left : t->nv_buffer;
        return 0;
}

/* Who authorises, with the empty authorisation. */
static int authority(const struct nv_index *n, uint32_t owner, uint32_t self, ESYS_TR *ret, struct diag *d) {
        if (n->attributes & owner)
                *ret = ESYS_TR_RH_OWNER;
        else if (n->attributes & self)
                *ret = n->object;
        else
                return diag_fail(d, -EACCES,
                        "NV index 0x%08x (attributes 0x%08x) admits neither its owner nor its own "
                        "authorisation",
                        n->index, n->attributes);
        return 0;
}

static int read_part(const struct nv_index *n, ESYS_TR who, size_t offset, uint8_t *ret, size_t size,
        struct diag *d) {
        _cleanup_(esys_freep) TPM2B_MAX_NV_BUFFER *data = NULL;
        TSS2_RC rc;
        int r = tpm_next(n->tpm);

        if (r < 0)
                return r;
        rc = Esys_NV_Read(n->tpm->esys, who, n->object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                (uint16_t)size, (uint16_t)offset, &data);
        if (rc)
                return tpm_fail(n->tpm, rc, d, "NV index 0x%08x: reading", n->index);
        if (data->size != size)
                return diag_fail(d, -EIO, "NV index 0x%08x: the TPM answers with %u bytes, not %zu",
                        n->index, data->size, size);
        memcpy(ret, data->buffer, size);
        return 0;
}

int nv_read(const struct nv_index *n, size_t offset, void *ret, size_t size, struct diag *d) {
        ESYS_TR who = ESYS_TR_NONE;
        int r;

        if (offset > n->size || size > n->size - offset)
                return diag_fail(d, -EINVAL, "NV index 0x%08x has %zu bytes, not %zu at %zu", n->index,
                        n->size, size, offset);
        r = authority(n, TPMA_NV_OWNERREAD, TPMA_NV_AUTHREAD, &who, d);
        for (size_t done = 0; done < size && r >= 0;) {
                size_t part;

                r = part_size(n->tpm, size - done, &part, d);
                if (r >= 0)
                        r = read_part(n, who, offset + done, (uint8_t *)ret + done, part, d);
                if (r >= 0)
                        done += part;
        }
        return tpm_explain(n->tpm, r, d);
}

int nv_read_all(const struct nv_index *n, uint8_t **ret, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = malloc(n->size ? n->size : 1);
        int r;

        if (!bytes)
                return diag_errno(d, -ENOMEM, "NV index 0x%08x", n->index);
        r = nv_read(n, 0, bytes, n->size, d);
        if (r < 0)
                return r;
        *ret = TAKE(bytes);
        return 0;
}

static int write_part(const struct nv_index *n, ESYS_TR who, size_t offset, const uint8_t *bytes,
        size_t size, struct diag *d) {
        TPM2B_MAX_NV_BUFFER data = { .size = (uint16_t)size };
        TSS2_RC rc;
        int r = tpm_next(n->tpm);

        if (r < 0)
                return r;
        memcpy(data.buffer, bytes, size);
        rc = Esys_NV_Write(n->tpm->esys, who, n->object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                (uint16_t)offset);
        return rc ? tpm_fail(n->tpm, rc, d, "NV index 0x%08x: writing", n->index) : 0;
}

int nv_write(struct nv_index *n, const void *bytes, size_t size, struct diag *d) {
        ESYS_TR who = ESYS_TR_NONE;
        int r;

        if (size > n->size)
                return diag_fail(d, -EINVAL, "NV index 0x%08x has %zu bytes, not %zu", n->index, n->size,
                        size);
        r = authority(n, TPMA_NV_OWNERWRITE, TPMA_NV_AUTHWRITE, &who, d);
        for (size_t done = 0; done < size && r >= 0;) {
                size_t part;

                r = part_size(n->tpm, size - done, &part, d);
                if (r >= 0)
                        r = write_part(n, who, done, (const uint8_t *)bytes + done, part, d);
                if (r >= 0)
                        done += part;
        }
        if (r >= 0)
                n->attributes |= TPMA_NV_WRITTEN;
        return tpm_explain(n->tpm, r, d);
}

int nv_define(struct tpm *t, uint32_t index, size_t size, struct nv_index *ret, struct diag *d) {
        const TPM2B_AUTH no_auth = {};
        const TPM2B_NV_PUBLIC public = {
                .nvPublic = {
                        .nvIndex = index,
                        .nameAlg = TPM2_ALG_SHA256,
                        .attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_AUTHREAD |
                                TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA,
                        .dataSize = (uint16_t)size,
                },
        };
        ESYS_TR object = ESYS_TR_NONE;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                &no_auth, &public, &object);
        if (rc)
                return tpm_explain(t, tpm_fail(t, rc, d, "NV index 0x%08x: defining it", index), d);
        *ret = (struct nv_index){
                .tpm = t,
                .index = index,
                .attributes = public.nvPublic.attributes,
                .object = object,
                .size = size,
        };
        return 0;
}

int nv_undefine(struct nv_index *n, struct diag *d) {
        _cleanup_(nv_close) struct nv_index taken = *n;
        TSS2_RC rc;
        int r = tpm_next(n->tpm);

        *n = NV_INDEX_NONE;
        if (r < 0)
                return r;
        rc = Esys_NV_UndefineSpace(taken.tpm->esys, ESYS_TR_RH_OWNER, taken.object, ESYS_TR_PASSWORD,
                ESYS_TR_NONE, ESYS_TR_NONE);
        if (rc)
                return tpm_explain(taken.tpm,
                        tpm_fail(taken.tpm, rc, d, "NV index 0x%08x: undefining it", taken.index), d);
        taken.object = ESYS_TR_NONE; /* ESYS has closed it */
        return 0;
}
