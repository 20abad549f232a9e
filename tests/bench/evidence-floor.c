/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * evidence-floor TCTI ROUNDS: the TPM commands of one piece of evidence, again and again, in one process
 * that does nothing else: bare Esys, without a line of lib/evidence, nothing looked at and nothing checked.
 * Prints the milliseconds of each round, and on standard error how many commands one has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#define REPORT 0x01400001
#define INPUT 0x01400002
#define CERTIFICATE 0x01c101d0
#define AK 0x81000003
#define CHUNK 1024 /* TPM2_PT_NV_BUFFER_MAX of swtpm */

static unsigned commands;

/* One command: whatever goes wrong ends the measurement. */
static void done(TSS2_RC rc, const char *what) {
        if (rc != TSS2_RC_SUCCESS) {
                fprintf(stderr, "evidence-floor: %s: 0x%x\n", what, rc);
                exit(EXIT_FAILURE);
        }
        commands++;
}

static ESYS_TR open_handle(ESYS_CONTEXT *e, TPM2_HANDLE handle) {
        ESYS_TR object;

        done(Esys_TR_FromTPMPublic(e, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object), "open");
        return object;
}

static ESYS_TR open_index(ESYS_CONTEXT *e, TPM2_HANDLE handle, uint16_t *ret_size) {
        ESYS_TR index = open_handle(e, handle);
        TPM2B_NV_PUBLIC *public = NULL;

        done(Esys_NV_ReadPublic(e, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL),
                "NV_ReadPublic");
        *ret_size = public->nvPublic.dataSize;
        Esys_Free(public);
        return index;
}

static void read_index(ESYS_CONTEXT *e, ESYS_TR index, uint16_t size, uint8_t *ret) {
        for (uint16_t at = 0; at < size; at += CHUNK) {
                uint16_t n = size - at < CHUNK ? size - at : CHUNK;
                TPM2B_MAX_NV_BUFFER *data = NULL;

                done(Esys_NV_Read(e, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                             n, at, &data),
                        "NV_Read");
                memcpy(ret + at, data->buffer, data->size);
                Esys_Free(data);
        }
}

static void write_input(ESYS_CONTEXT *e, ESYS_TR index, const uint8_t bytes[64]) {
        TPM2B_MAX_NV_BUFFER data = { .size = 64 };

        memcpy(data.buffer, bytes, 64);
        done(Esys_NV_Write(e, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                     0),
                "NV_Write");
}

static ESYS_TR open_ak(ESYS_CONTEXT *e) {
        ESYS_TR ak = open_handle(e, AK);
        TPM2B_PUBLIC *public = NULL;

        done(Esys_ReadPublic(e, ak, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL, NULL),
                "ReadPublic");
        Esys_Free(public);
        return ak;
}

/* The guest input replaced and put back, the report between the two, and the AK with its certificate. */
static void take_report(ESYS_CONTEXT *e, unsigned round) {
        uint8_t before[UINT16_MAX], report[UINT16_MAX], certificate[UINT16_MAX], ours[64] = { 0 };
        uint16_t n_input, n_report, n_certificate;
        ESYS_TR input = open_index(e, INPUT, &n_input), index = open_index(e, REPORT, &n_report), ak;

        memcpy(ours, &round, sizeof(round));
        memcpy(ours + 48, "cvmd-batch-1", 12);
        read_index(e, input, 64, before);
        write_input(e, input, ours);
        read_index(e, index, n_report, report);
        write_input(e, input, before);
        Esys_TR_Close(e, &input);
        Esys_TR_Close(e, &index);
        ak = open_ak(e);
        Esys_TR_Close(e, &ak);
        index = open_index(e, CERTIFICATE, &n_certificate);
        read_index(e, index, n_certificate, certificate);
        Esys_TR_Close(e, &index);
}

/* A PCR_Read answers with eight registers at most. */
static void take_quote(ESYS_CONTEXT *e, unsigned round) {
        TPML_PCR_SELECTION all = { .count = 1,
                .pcrSelections = { { TPM2_ALG_SHA256, 3, { 0xff, 0xff, 0xff } } } };
        TPM2B_DATA qualifying = { .size = 32 };
        TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
        TPMT_SIGNATURE *signature = NULL;
        TPM2B_ATTEST *attest = NULL;
        ESYS_TR ak = open_ak(e);

        memcpy(qualifying.buffer, &round, sizeof(round));
        for (unsigned i = 0; i < 3; i++) {
                TPML_PCR_SELECTION eight = { .count = 1,
                        .pcrSelections = { { TPM2_ALG_SHA256, 3, { 0 } } } };
                TPML_PCR_SELECTION *read = NULL;
                TPML_DIGEST *values = NULL;

                eight.pcrSelections[0].pcrSelect[i] = 0xff;
                done(Esys_PCR_Read(e, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &eight, NULL, &read,
                             &values),
                        "PCR_Read");
                Esys_Free(read);
                Esys_Free(values);
        }
        done(Esys_Quote(e, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &qualifying, &scheme, &all,
                     &attest, &signature),
                "Quote");
        Esys_Free(attest);
        Esys_Free(signature);
        Esys_TR_Close(e, &ak);
}

static double wall_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char *argv[]) {
        unsigned rounds = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
        TSS2_TCTI_CONTEXT *tcti = NULL;
        ESYS_CONTEXT *e = NULL;

        if (rounds == 0 || Tss2_TctiLdr_Initialize(argv[1], &tcti) != TSS2_RC_SUCCESS ||
                Esys_Initialize(&e, tcti, NULL) != TSS2_RC_SUCCESS) {
                fprintf(stderr, "evidence-floor: no TPM, or no rounds\n");
                return EXIT_FAILURE;
        }
        for (unsigned i = 0; i < rounds; i++) {
                double began = wall_ms();

                take_report(e, i + 1);
                take_quote(e, i + 1);
                printf("%.4f\n", wall_ms() - began);
        }
        fprintf(stderr, "%.1f\n", (double)commands / rounds);
        Esys_Finalize(&e);
        Tss2_TctiLdr_Finalize(&tcti);
        return EXIT_SUCCESS;
}
