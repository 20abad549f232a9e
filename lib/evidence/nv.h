/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Indices in the TPM's non-volatile memory, of any size: what exceeds the buffer of the TPM is read and
 * written in parts, so that somebody else can come in between. Authorisations are empty: the owner's where
 * the attributes admit it, else the index's own. An index is opened once at a time: ESYS has one object for
 * it, which ends with the first that is closed. Source of the attributes: TPM 2.0 library, part 2, TPMA_NV.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/evidence/tpm.h"

struct nv_index {
        struct tpm *tpm;
        uint32_t index, attributes; /* attributes: TPMA_NV */
        uint32_t object;            /* ESYS's */
        size_t size;
};

#define NV_INDEX_NONE ((struct nv_index){})

/* Two commands. -ENOENT: not defined. */
int nv_open(struct tpm *t, uint32_t index, struct nv_index *ret, struct diag *d);
void nv_close(struct nv_index *n);

/* Whether it was ever written, and whether the owner (as whom the paravisor reads) may read it. */
bool nv_is_written(const struct nv_index *n);
bool nv_is_owner_readable(const struct nv_index *n);

/*
 * Exactly n bytes from offset on, which must be within the index: -EINVAL otherwise. -ENODATA: never
 * written. -EACCES: refused.
 */
int nv_read(const struct nv_index *n, size_t offset, void *ret, size_t size, struct diag *d);

/* All of it; the caller frees *ret. */
int nv_read_all(const struct nv_index *n, uint8_t **ret, struct diag *d);

/* From the beginning on; what is behind stays. */
int nv_write(struct nv_index *n, const void *bytes, size_t size, struct diag *d);

/* An ordinary index that owner and holder of its own empty authorisation read and write, outside of the
 * protection against guessing; opened. */
int nv_define(struct tpm *t, uint32_t index, size_t size, struct nv_index *ret, struct diag *d);

/* n is closed in any case. */
int nv_undefine(struct nv_index *n, struct diag *d);
