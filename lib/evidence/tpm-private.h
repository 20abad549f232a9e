/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that send commands know of a struct tpm. */
#include <tss2/tss2_esys.h>

#include "lib/evidence/tpm.h"
#include "lib/format/pcr.h"

struct tpm {
        ESYS_CONTEXT *esys;
        TSS2_TCTI_CONTEXT *tcti;
        struct tpm_pacing pacing;
        unsigned hurry;   /* depth */
        size_t nv_buffer; /* bytes that one NV_Read or NV_Write takes; 0: not asked yet */
        uint64_t commands;
        bool broken;
};

/* For _cleanup_: what ESYS allocated. */
static inline void esys_freep(void *p) {
        Esys_Free(*(void **)p);
}

/* An object of ESYS's, and what it belongs to; nothing is sent to the TPM for either end of it. */
struct tpm_object {
        struct tpm *tpm;
        ESYS_TR handle;
};

#define TPM_OBJECT_NONE ((struct tpm_object){ .handle = ESYS_TR_NONE })

void tpm_object_done(struct tpm_object *o);

/* Knows a handle of the TPM, an index or a persistent key; one command. -ENOENT: there is none. */
int tpm_object_open(struct tpm *t, uint32_t handle, struct tpm_object *ret, struct diag *d);

/* To be called before each command: 0, or what pacing says. */
int tpm_next(struct tpm *t);

/* The errno of a command that failed, with "format: " and the TPM's answer in words. */
int tpm_fail(struct tpm *t, TSS2_RC rc, struct diag *d, const char *format, ...) _printf_(4, 5);

/* The value of a property; -EOPNOTSUPP when the TPM has none. */
int tpm_property(struct tpm *t, uint32_t property, uint32_t *ret, struct diag *d);

/* A copy on the heap; -ENOMEM. */
int tpm_copy(const uint8_t *bytes, size_t n, uint8_t **ret, size_t *ret_size);

/* PCRs of one bank, as a TPM is asked for them. */
TPML_PCR_SELECTION tpm_selection(enum pcr_hash bank, uint32_t selected);
