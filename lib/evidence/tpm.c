/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the TPM, and what every command goes through. */
#include "lib/evidence/tpm.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>

#include "lib/evidence/tpm-answer.h"
#include "lib/evidence/tpm-private.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* tpm2-tss says only that it failed: a path in the configuration says why. */
static int open_failed(const char *tcti, TSS2_RC rc, struct diag *d) {
        const char *path = strchr(tcti, '/');
        char text[TPM_ANSWER_TEXT_SIZE];

        if (path && access(path, F_OK) < 0)
                return diag_fail(d, -ENODEV, "there is no TPM: %s: %s", path, errno_text(-errno));
        if (path && access(path, R_OK | W_OK) < 0)
                return diag_fail(d, -EACCES, "the TPM may not be opened: %s: %s", path, errno_text(-errno));
        tpm_answer_format(rc, text);
        return diag_fail(d, -ENODEV, "there is no TPM at %s: %s", tcti, text);
}

int tpm_open(const char *tcti, const struct tpm_pacing *pacing, struct tpm **ret, struct diag *d) {
        _cleanup_(tpm_closep) struct tpm *t = calloc(1, sizeof(*t));
        TSS2_RC rc;

        if (!t)
                return diag_errno(d, -ENOMEM, "TPM");
        if (pacing)
                t->pacing = *pacing;
        rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
        if (rc)
                return open_failed(tcti, rc, d);
        rc = Esys_Initialize(&t->esys, t->tcti, NULL);
        if (rc)
                return tpm_fail(t, rc, d, "TPM at %s", tcti);
        *ret = TAKE(t);
        return 0;
}

void tpm_close(struct tpm *t) {
        if (!t)
                return;
        Esys_Finalize(&t->esys);
        Tss2_TctiLdr_Finalize(&t->tcti);
        free(t);
}

void tpm_hurry_begin(struct tpm *t) {
        t->hurry++;
}

void tpm_hurry_end(struct tpm *t) {
        t->hurry--;
}

int tpm_wait(struct tpm *t, uint64_t usec) {
        struct timespec time = { .tv_sec = (time_t)(usec / USEC_PER_SEC),
                .tv_nsec = (long)(usec % USEC_PER_SEC) * 1000 };

        if (t->pacing.wait)
                return t->pacing.wait(usec, t->pacing.data);
        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
                ;
        return 0;
}

int tpm_next(struct tpm *t) {
        int r = t->pacing.between ? t->pacing.between(t->pacing.data) : 0;

        if (r < 0 && t->hurry == 0)
                return r;
        t->commands++;
        return 0;
}

uint64_t tpm_commands(const struct tpm *t) {
        return t->commands;
}

bool tpm_is_broken(const struct tpm *t) {
        return t->broken;
}

int tpm_fail(struct tpm *t, TSS2_RC rc, struct diag *d, const char *format, ...) {
        char text[TPM_ANSWER_TEXT_SIZE];
        struct diag what;
        va_list ap;

        t->broken = t->broken || tpm_answer_is_broken(rc);
        va_start(ap, format);
        vsnprintf(what.text, sizeof(what.text), format, ap);
        va_end(ap);
        tpm_answer_format(rc, text);
        return diag_fail(d, tpm_answer_errno(rc), "%s: %s", what.text, text);
}

int tpm_property(struct tpm *t, uint32_t property, uint32_t *ret, struct diag *d) {
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *data = NULL;
        TPMI_YES_NO more;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                property, 1, &more, &data);
        if (rc)
                return tpm_fail(t, rc, d, "TPM property 0x%x", property);
        if (data->data.tpmProperties.count < 1 ||
                data->data.tpmProperties.tpmProperty[0].property != property)
                return diag_fail(d, -EOPNOTSUPP, "the TPM has no property 0x%x", property);
        *ret = data->data.tpmProperties.tpmProperty[0].value;
        return 0;
}

int tpm_explain(struct tpm *t, int r, struct diag *d) {
        uint32_t permanent;

        if (r != -EACCES || tpm_property(t, TPM2_PT_PERMANENT, &permanent, NULL) < 0)
                return r;
        if (permanent & TPMA_PERMANENT_OWNERAUTHSET)
                return diag_fail(d, -EPERM,
                        "the owner authorisation of the TPM is set, so that neither we nor the paravisor "
                        "can "
                        "use the guest input: clear it (tpm2_changeauth -c owner -p ...)");
        if (permanent & TPMA_PERMANENT_INLOCKOUT)
                return diag_fail(d, -EUSERS,
                        "the TPM is locked out after failed authorisations: wait, or reset it "
                        "(tpm2_dictionarylockout --clear-lockout)");
        return r;
}

void tpm_object_done(struct tpm_object *o) {
        if (o->tpm && o->handle != ESYS_TR_NONE)
                (void)Esys_TR_Close(o->tpm->esys, &o->handle);
        *o = TPM_OBJECT_NONE;
}

int tpm_object_open(struct tpm *t, uint32_t handle, struct tpm_object *ret, struct diag *d) {
        ESYS_TR tr = ESYS_TR_NONE;
        TSS2_RC rc;
        int r = tpm_next(t);

        if (r < 0)
                return r;
        rc = Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr);
        if (rc)
                return tpm_fail(t, rc, d, "TPM handle 0x%08x", handle);
        *ret = (struct tpm_object){ .tpm = t, .handle = tr };
        return 0;
}

int tpm_copy(const uint8_t *bytes, size_t n, uint8_t **ret, size_t *ret_size) {
        uint8_t *copy = malloc(n ? n : 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, bytes, n);
        *ret = copy;
        *ret_size = n;
        return 0;
}

TPML_PCR_SELECTION tpm_selection(enum pcr_hash bank, uint32_t selected) {
        return (TPML_PCR_SELECTION){
                .count = 1,
                .pcrSelections = { {
                        .hash = (TPMI_ALG_HASH)bank,
                        .sizeofSelect = 3,
                        .pcrSelect = { (uint8_t)selected, (uint8_t)(selected >> 8),
                                (uint8_t)(selected >> 16) },
                } },
        };
}
