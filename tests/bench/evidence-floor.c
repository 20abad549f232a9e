/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * evidence-floor TCTI ROUNDS: the TPM commands of one piece of evidence, again and again, in one process
 * that does nothing else: what evidence costs at least on that TPM. Prints the milliseconds of each round.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/evidence/hcl-collect.h"
#include "lib/evidence/quote.h"

static double wall_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* As cvmd-attest answers Report. */
static int take_report(struct tpm *t, struct guest_input_memory *m, unsigned round, struct diag *d) {
        _cleanup_(hcl_collected_done) struct hcl_collected found = {};
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        _cleanup_(freep) uint8_t *certificate = NULL;
        struct hcl_request q = { .freshness = FRESHNESS_REPORT };
        struct diag ignored;
        size_t n;
        int r;

        memcpy(q.user_data + USER_DATA_SIZE - 16, "cvmd-batch-1", 12);
        memcpy(q.user_data, &round, sizeof(round));
        r = guest_input_repair(t, m, &ignored);
        if (r >= 0)
                r = hcl_collect(t, m, &q, &found, d);
        if (r >= 0)
                r = tpm_key_open(t, AK_HANDLE, &ak, d);
        if (r >= 0)
                r = ak_certificate_read(t, &certificate, &n, d);
        return r;
}

/* As it answers Quote. */
static int take_quote(struct tpm *t, struct guest_input_memory *m, unsigned round, struct diag *d) {
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        _cleanup_(tpm_quote_done) struct tpm_quote quote = {};
        uint8_t qualifying[32] = {};
        struct diag ignored;
        int r = guest_input_repair(t, m, &ignored);

        memcpy(qualifying, &round, sizeof(round));
        if (r >= 0)
                r = tpm_key_open(t, AK_HANDLE, &ak, d);
        if (r >= 0)
                r = quote_take(t, &ak, qualifying, sizeof(qualifying), PCR_SHA256, PCR_ALL, &quote, d);
        return r;
}

static int run(const char *tcti, unsigned rounds, struct diag *d) {
        _cleanup_(tpm_closep) struct tpm *t = NULL;
        struct guest_input_memory m = GUEST_INPUT_MEMORY(-1);
        uint64_t before = 0;
        int r = tpm_open(tcti, NULL, &t, d);

        for (unsigned i = 0; i <= rounds && r >= 0; i++) {
                double began = wall_ms();

                r = take_report(t, &m, i, d);
                if (r >= 0)
                        r = take_quote(t, &m, i, d);
                if (i == 0) /* the first one looks at more */
                        before = tpm_commands(t);
                else
                        printf("%.4f\n", wall_ms() - began);
        }
        if (r >= 0)
                fprintf(stderr, "%.1f\n", (double)(tpm_commands(t) - before) / rounds);
        return r;
}

int main(int argc, char *argv[]) {
        struct diag d = {};

        if (argc == 3 && run(argv[1], (unsigned)strtoul(argv[2], NULL, 10), &d) >= 0)
                return EXIT_SUCCESS;
        fprintf(stderr, "evidence-floor: %s\n", d.text);
        return EXIT_FAILURE;
}
