/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast evidence is verified, beside the cryptographic primitives that it takes at least. Warm: all of
 * one chip, whose certificates were seen before; cold: by a verifier that has seen nothing, ten guests a
 * chip. What it costs when every piece is of another chip is shown as well, and nothing promised: most of
 * that is OpenSSL reading the certificate. Times are the processor's; floor and verifier take turns, so that
 * both see the same machine.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/verify/verifier.h"
#include "tests/bench/measure.h"
#include "tests/bench/verify-floor.h"
#include "tests/bench/verify-process.h"

#define PIECES 100
#define ROUNDS 9
#define PROMISED 0.85 /* of the rate of the primitives */
#define NONCE "nonce of 16 byte"
#define BIND "tls-key"

struct load {
        const char *name;
        bool tdx;
        size_t per_chip; /* pieces; 0: warm */
        bool promised;
};

static const struct load loads[] = {
        { "SNP, warm, a second", false, 0, true },
        { "SNP, cold, a second", false, 10, true },
        { "SNP, all chips new, a second", false, 1, false },
        { "TDX, warm, a second", true, 0, true },
        { "TDX, cold, a second", true, 10, true },
        { "TDX, all new, a second", true, 1, false },
};

/* What is measured: evidence, and for each piece the floor below it. */
struct work {
        const struct load *load;
        const char *roots;
        struct forge_bytes issuers; /* of AK certificates */
        struct forge_bytes pieces[PIECES];
        struct floor *floors[PIECES]; /* of each chip's first piece */
        struct verifier *verifier;    /* of cold ones a new one each round, made before the clock starts */
};

/* Whether a chip's pieces begin here. */
static bool is_first(const struct load *l, size_t i) {
        return l->per_chip ? i % l->per_chip == 0 : i == 0;
}

static void prepare_piece(struct work *w, struct forge_guest *g, size_t i) {
        g->clock += i;
        w->pieces[i] = forge_guest_bundle(g, NONCE, BIND);
        if (is_first(w->load, i))
                w->floors[i] = floor_new(g);
}

static void init_guest(const struct work *w, const struct forge_pki *pki, struct forge_guest *g) {
        if (w->load->tdx)
                forge_guest_init_tdx(g, pki, 4);
        else
                forge_guest_init(g, pki, SNP_MILAN);
}

static struct verifier *make_verifier(const struct work *w) {
        const struct verifier_settings settings = {
                .at = FORGE_NOW,
                .waived = WAIVE_MEASUREMENT,
                .nonce = (const uint8_t *)NONCE,
                .n_nonce = strlen(NONCE),
                .bind = (const uint8_t *)BIND,
                .n_bind = strlen(BIND),
                .several = true,
        };
        struct verifier *v = NULL;
        struct diag d = {};

        if (verifier_new(&settings, &v) < 0 || verifier_load_roots(v, w->roots, &d) < 0 ||
                verifier_add_certificates(v, "issuers", w->issuers.bytes, w->issuers.n, &d) < 0)
                forge_check(0, d.text);
        return v;
}

static void prepare(struct work *w, const struct forge_pki *pki) {
        struct forge_guest g;

        forge_put_pem(&w->issuers, pki->ca[FORGE_AZURE_CA].certificate);
        forge_put_pem(&w->issuers, pki->ca[FORGE_AZURE_ROOT].certificate);
        init_guest(w, pki, &g);
        for (size_t i = 0; i < PIECES; i++) {
                if (i > 0 && is_first(w->load, i)) {
                        forge_guest_done(&g);
                        init_guest(w, pki, &g);
                }
                prepare_piece(w, &g, i);
        }
        forge_guest_done(&g);
        w->verifier = make_verifier(w);
}

static void finish(struct work *w) {
        for (size_t i = 0; i < PIECES; i++) {
                forge_bytes_done(&w->pieces[i]);
                floor_free(w->floors[i]);
        }
        forge_bytes_done(&w->issuers);
        verifier_free(w->verifier);
}

static void run_floor(const struct work *w) {
        struct floor *f = NULL;

        if (w->load->per_chip)
                floor_above(w->floors[0]);
        for (size_t i = 0; i < PIECES; i++) {
                f = w->floors[i] ?: f;
                if (w->load->per_chip && w->floors[i])
                        floor_chip(f);
                floor_each(f);
        }
}

static void verify_piece(struct verifier *v, const struct forge_bytes *piece) {
        struct verification found;
        struct diag d = {};

        if (verifier_run(v, piece->bytes, piece->n, &found, &d) < 0)
                forge_check(0, d.text);
        for (enum check_id id = 1; id < _CHECK_MAX; id++)
                if (found.checks.of[id].result == CHECK_FAIL)
                        forge_check(0, found.checks.of[id].detail);
        forge_check(checks_authentic(&found.checks), "being authentic");
        verification_done(&found);
}

static void run_verifier(const struct work *w) {
        for (size_t i = 0; i < PIECES; i++)
                verify_piece(w->verifier, &w->pieces[i]);
}

/* What was seen is forgotten, where the load says so. */
static void forget(struct work *w) {
        if (!w->load->per_chip)
                return;
        verifier_free(w->verifier);
        w->verifier = make_verifier(w);
}

static double time_of(void (*run)(const struct work *w), const struct work *w) {
        double start = now_ms();

        run(w);
        return now_ms() - start;
}

/* Rates in pieces a second; returns whether the promise held. */
static bool measure(struct work *w) {
        double floors[ROUNDS], verifiers[ROUNDS], floor_rate, rate;

        run_floor(w);
        run_verifier(w);
        for (size_t i = 0; i < ROUNDS; i++) {
                forget(w);
                floors[i] = time_of(run_floor, w);
                verifiers[i] = time_of(run_verifier, w);
        }
        floor_rate = PIECES * 1e3 / median(floors, ROUNDS);
        rate = PIECES * 1e3 / median(verifiers, ROUNDS);
        printf("%-28s  %10.0f  %10.0f  %6.2f\n", w->load->name, floor_rate, rate, rate / floor_rate);
        return rate >= PROMISED * floor_rate || !w->load->promised;
}

static bool measure_loads(const struct forge_pki *pki, const char *roots) {
        bool kept = true;

        for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
                struct work w = { .load = &loads[i], .roots = roots };

                prepare(&w, pki);
                kept = measure(&w) && kept;
                finish(&w);
        }
        return kept;
}

int main(void) {
        char folder[] = "/tmp/bench-verify-XXXXXX", roots[64], command[64];
        struct forge_pki pki;
        bool kept;

        setvbuf(stdout, NULL, _IOLBF, 0);
        forge_check(mkdtemp(folder) != NULL, "a folder");
        snprintf(roots, sizeof(roots), "%s/roots", folder);
        forge_check(mkdir(roots, 0755) == 0, roots);
        forge_pki_load(FORGE_PKI, &pki);
        forge_pki_save_roots(&pki, roots);
        printf("%-28s  %10s  %10s  %6s\n", "", "floor", "cvmd", "ratio");
        kept = measure_loads(&pki, roots);
        kept = measure_processes(&pki, folder) && kept;
        forge_pki_done(&pki);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        forge_check(system(command) == 0, command);
        printf("promised: a rate of %.2f of the floor, 0.90 with two jobs, level memory, at most 1.5 times "
               "OpenSSL's time: "
               "%s\n",
                PROMISED, kept ? "kept" : "BROKEN");
        return kept ? 0 : 1;
}
