/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/tpm-answer.h"

#include <errno.h>
#include <stdio.h>
#include <tss2/tss2_common.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

#define FORMAT_ONE_CODE UINT32_C(0xbf) /* its format bit and the error number */

uint32_t tpm_answer_code(uint32_t rc) {
        uint32_t layer = rc & TSS2_RC_LAYER_MASK, code = rc & ~TSS2_RC_LAYER_MASK;

        if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
                return 0;
        return code & TPM2_RC_FMT1 ? code & FORMAT_ONE_CODE : code;
}

/* A layer above the TPM has failed. */
static int layer_errno(uint32_t rc) {
        switch (rc & ~TSS2_RC_LAYER_MASK) {
        case TSS2_BASE_RC_MEMORY:
                return -ENOMEM;
        case TSS2_BASE_RC_NOT_PERMITTED:
                return -EACCES;
        }
        return -EIO;
}

int tpm_answer_errno(uint32_t rc) {
        uint32_t code = tpm_answer_code(rc);

        if (code == 0)
                return layer_errno(rc);
        switch (code) {
        case TPM2_RC_HANDLE:
        case TPM2_RC_REFERENCE_H0:
        case TPM2_RC_REFERENCE_H1:
        case TPM2_RC_REFERENCE_H2:
                return -ENOENT;
        case TPM2_RC_NV_UNINITIALIZED:
                return -ENODATA;
        case TPM2_RC_AUTH_FAIL:
        case TPM2_RC_BAD_AUTH:
        case TPM2_RC_AUTH_MISSING:
        case TPM2_RC_AUTH_TYPE:
        case TPM2_RC_AUTH_UNAVAILABLE:
        case TPM2_RC_NV_AUTHORIZATION:
        case TPM2_RC_NV_LOCKED:
        case TPM2_RC_POLICY_FAIL:
                return -EACCES;
        case TPM2_RC_LOCKOUT:
                return -EUSERS;
        case TPM2_RC_COMMAND_CODE:
        case TPM2_RC_HIERARCHY:
        case TPM2_RC_DISABLED:
                return -EOPNOTSUPP;
        }
        return -EIO;
}

bool tpm_answer_is_broken(uint32_t rc) {
        uint32_t layer = rc & TSS2_RC_LAYER_MASK;

        return tpm_answer_code(rc) == 0 && rc != 0 &&
                (layer == TSS2_TCTI_RC_LAYER || (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_IO_ERROR ||
                        (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_BAD_SEQUENCE);
}

void tpm_answer_format(uint32_t rc, char ret[static TPM_ANSWER_TEXT_SIZE]) {
        snprintf(ret, TPM_ANSWER_TEXT_SIZE, "%s (0x%x)", Tss2_RC_Decode(rc), rc);
}
