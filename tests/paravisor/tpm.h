/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the paravisor itself asks of its TPM: its keys, its indices, the guest input. Functions that take a
 * `code` succeed as soon as the TPM answered, and say there what it answered; without one, anything but
 * success is -EIO.
 */
#include "tests/paravisor/swtpm.h"

#define NV_HCL_REPORT 0x01400001
#define NV_GUEST_INPUT 0x01400002
#define NV_AK_CERTIFICATE 0x01c101d0

#define HANDLE_AK 0x81000003
#define HANDLE_EK 0x81010001

#define TPM_OWNER 0x40000001
#define TPM_PLATFORM 0x4000000c

/* TPMA_NV of the platform's indices: authread, authwrite, ownerread, no_da, platformcreate; once written. */
#define NV_PLATFORM_ATTRIBUTES 0x42060004
#define NV_WRITTEN 0x20000000

/* Of an index that the guest makes: authread, authwrite, ownerread, ownerwrite. */
#define NV_GUEST_ATTRIBUTES 0x00060006

enum {
        TPM_CC_NV_UNDEFINE_SPACE = 0x122,
        TPM_CC_HIERARCHY_CHANGE_AUTH = 0x129,
        TPM_CC_NV_DEFINE_SPACE = 0x12a,
        TPM_CC_CREATE_PRIMARY = 0x131,
        TPM_CC_NV_WRITE = 0x137,
        TPM_CC_NV_READ = 0x14e,
        TPM_CC_EVICT_CONTROL = 0x120,
        TPM_CC_FLUSH_CONTEXT = 0x165,
        TPM_CC_NV_READ_PUBLIC = 0x169,
        TPM_CC_QUOTE = 0x158,
};

#define RSA_MODULUS_SIZE 256

struct tpm_keys {
        uint8_t ak[RSA_MODULUS_SIZE], ek[RSA_MODULUS_SIZE];
};

/* Makes AK and EK as Azure has them, persistent. */
int tpm_make_keys(struct swtpm *t, struct tpm_keys *ret, struct diag *d);

int tpm_nv_define(struct swtpm *t, uint32_t hierarchy, uint32_t index, uint32_t attributes, uint16_t size,
        const void *auth, size_t n_auth, uint32_t *code, struct diag *d);
int tpm_nv_undefine(struct swtpm *t, uint32_t hierarchy, uint32_t index, uint32_t *code, struct diag *d);

/* With that password of who (an index or a hierarchy); what fits into one command. */
int tpm_nv_write(struct swtpm *t, uint32_t who, uint32_t index, const void *auth, size_t n_auth,
        const void *bytes, size_t n, uint32_t *code, struct diag *d);

/* From offset 0, by the owner without a password. */
int tpm_nv_read(struct swtpm *t, uint32_t index, void *ret, size_t n, uint32_t *code, struct diag *d);

/* code is that of a handle which is not there where there is no index. */
int tpm_nv_size(struct swtpm *t, uint32_t index, size_t *ret, uint32_t *code, struct diag *d);

int tpm_change_owner_auth(struct swtpm *t, const char *old, const char *new, struct diag *d);
int tpm_flush(struct swtpm *t, uint32_t handle, struct diag *d);
