/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forge-evidence FOLDER: evidence as files, for tests that are not in C. FOLDER is there. In it come:
 *   roots/        for `cvmctl attest verify --roots`
 *   azure-ca.pem  what issued the AK certificates
 *   ca.crl.pem    Azure's and Intel's authorities and the ARK of Milan revoke nothing
 *   milan/ genoa/ turin/ vlek/ tdx4/ tdx5/   a guest each:
 *     bundle.cmw, trustee-0.json, trustee-1.json, trustee-2.json, hcl-report.bin, chain.pem, td-quote.bin,
 *     tcb-info.json, qe-identity.json, tcb-chain.pem, ak.crt (DER), ak.pem (public), quote.msg, quote.sig
 *     (TPMT_SIGNATURE), event-log.bin, pcrs.txt ("0 HEX", SHA-256), claims.json
 * All is for the nonce "nonce of 16 byte", the bind "tls-key" and the time 2026-06-01T00:00:00Z.
 */
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/forge/forge.h"

#define NONCE "nonce of 16 byte"
#define BIND "tls-key"

static FILE *create(const char *folder, const char *name) {
        _cleanup_(freep) char *path = NULL;
        FILE *f;

        forge_check(asprintf(&path, "%s/%s", folder, name) > 0, folder);
        f = fopen(path, "we");
        forge_check(f != NULL, path);
        return f;
}

/* Nothing is written of what is not there. */
static void save(const char *folder, const char *name, struct forge_bytes *b) {
        if (b->n) {
                _cleanup_(fclosep) FILE *f = create(folder, name);

                forge_check(fwrite(b->bytes, 1, b->n, f) == b->n && fflush(f) == 0, name);
        }
        forge_bytes_done(b);
}

static void save_public_key(const char *folder, EVP_PKEY *key) {
        _cleanup_(fclosep) FILE *f = create(folder, "ak.pem");

        forge_check(PEM_write_PUBKEY(f, key), "writing ak.pem");
}

static void save_registers(const char *folder, const struct forge_pcrs *pcrs) {
        struct forge_bytes text = {};

        for (unsigned i = 0; i < 24; i++) {
                forge_text(&text, "%u ", i);
                forge_hex(&text, pcrs->values[i], 32);
                forge_text(&text, "\n");
        }
        save(folder, "pcrs.txt", &text);
}

static void save_collateral(const char *folder, struct forge_guest *g) {
        struct forge_collateral c;
        struct forge_bytes tcb, qe, chain;

        forge_collateral_init(&c, &g->pck);
        tcb = forge_tcb_info(g->pki, &c, NULL);
        qe = forge_qe_identity(g->pki, &c, NULL);
        chain = forge_tcb_chain(g->pki);
        save(folder, "tcb-info.json", &tcb);
        save(folder, "qe-identity.json", &qe);
        save(folder, "tcb-chain.pem", &chain);
}

static void save_trustee(const char *folder, struct forge_guest *g) {
        for (unsigned version = 0; version <= 2; version++) {
                struct forge_bytes text = forge_guest_trustee(g, version, NONCE);
                char name[32];

                snprintf(name, sizeof(name), "trustee-%u.json", version);
                save(folder, name, &text);
        }
}

static void save_quote(const char *folder, struct forge_guest *g) {
        struct forge_bytes message, signature;

        forge_guest_quote(g, NONCE, strlen(NONCE), &message, &signature);
        save(folder, "quote.msg", &message);
        save(folder, "quote.sig", &signature);
        save_public_key(folder, g->ak);
        save_registers(folder, &g->log.banks[1]);
}

static void save_guest(const char *base, const char *name, struct forge_guest *g) {
        _cleanup_(freep) char *folder = NULL;
        struct forge_ask ask = { NONCE, strlen(NONCE), BIND, strlen(BIND) };
        struct forge_evidence e;
        struct forge_bytes bundle;

        forge_check(asprintf(&folder, "%s/%s", base, name) > 0 && mkdir(folder, 0755) == 0, name);
        forge_guest_evidence(g, &ask, &e);
        bundle = forge_bundle(&e);
        save(folder, "bundle.cmw", &bundle);
        save(folder, "claims.json", &e.record[BUNDLE_CLAIMS]);
        save(folder, "hcl-report.bin", &e.record[BUNDLE_HCL_REPORT]);
        save(folder, "event-log.bin", &e.record[BUNDLE_TPM_EVENT_LOG]);
        save(folder, "ak.crt", &e.record[BUNDLE_AK_CERTIFICATE]);
        save(folder, "chain.pem", &e.record[BUNDLE_SNP_VEK_CHAIN]);
        save(folder, "td-quote.bin", &e.record[BUNDLE_TD_QUOTE]);
        forge_evidence_done(&e);
        save_quote(folder, g);
        save_trustee(folder, g);
        if (g->tdx)
                save_collateral(folder, g);
        forge_guest_done(g);
}

static void save_authorities(const char *folder, const struct forge_pki *pki) {
        _cleanup_(freep) char *roots = NULL;
        static const enum forge_ca_name issuers[] = { FORGE_AZURE_ROOT, FORGE_AZURE_CA, FORGE_ARK_MILAN,
                FORGE_INTEL_ROOT, FORGE_INTEL_PLATFORM };
        struct forge_bytes ca = {}, lists = {};

        forge_check(asprintf(&roots, "%s/roots", folder) > 0 && mkdir(roots, 0755) == 0, "making roots/");
        forge_pki_save_roots(pki, roots);
        forge_put_pem(&ca, pki->ca[FORGE_AZURE_CA].certificate);
        save(folder, "azure-ca.pem", &ca);
        for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
                X509_CRL *crl = forge_crl_make(&pki->ca[issuers[i]], NULL, 0, 0, 0);

                forge_put_crl_pem(&lists, crl);
                X509_CRL_free(crl);
        }
        save(folder, "ca.crl.pem", &lists);
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                enum snp_product product; /* 0: TDX */
                unsigned which;           /* the signing key, or the version of the quote */
        } guests[] = {
                { "milan", SNP_MILAN, 0 },
                { "genoa", SNP_GENOA, 0 },
                { "turin", SNP_TURIN, 0 },
                { "vlek", SNP_MILAN, 1 },
                { "tdx4", 0, 4 },
                { "tdx5", 0, 5 },
        };
        struct forge_pki pki;

        if (argc != 2) {
                fprintf(stderr, "usage: forge-evidence FOLDER\n");
                return 2;
        }
        forge_pki_load(FORGE_PKI, &pki);
        save_authorities(argv[1], &pki);
        for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
                struct forge_guest g;

                if (guests[i].product) {
                        forge_guest_init(&g, &pki, guests[i].product);
                        g.snp.signing_key = guests[i].which;
                        forge_guest_certify(&g, NULL);
                } else {
                        forge_guest_init_tdx(&g, &pki, (uint16_t)guests[i].which);
                }
                save_guest(argv[1], guests[i].name, &g);
        }
        forge_pki_done(&pki);
        return 0;
}
