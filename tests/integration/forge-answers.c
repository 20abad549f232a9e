/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What test-fetch.py's metadata service answers: forge-answers FOLDER writes answers of THIM about one chip,
 * right and wrong, a TDREPORT with quotes, and what to ask for as "asked" (chip id and TCB in hexadecimal).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hex.h"
#include "tests/forge/forge.h"

static const char *folder;

static void write_file(const char *name, struct forge_bytes b) {
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "wbe");
        forge_check(f && fwrite(b.bytes, 1, b.n, f) == b.n && fclose(f) == 0, path);
        forge_bytes_done(&b);
}

/* A certificate for v, and the answer that goes with it. */
static void write_thim(const struct forge_pki *p, const char *name, struct forge_vek v, uint64_t tcbm,
        enum snp_product chain_of, const char *lifetime) {
        EVP_PKEY *key = forge_ec_key("P-384");
        X509 *vek = forge_vek_certificate(p, &v, key);
        struct forge_bytes chain = forge_vek_chain(p, chain_of, false, NULL);

        write_file(name, forge_thim(p, v.product, vek, tcbm, &chain, lifetime));
        forge_bytes_done(&chain);
        X509_free(vek);
        EVP_PKEY_free(key);
}

static void write_endorsements(const struct forge_pki *p) {
        struct forge_bytes asked = {};
        struct forge_snp snp;
        struct forge_vek good, other;
        uint64_t tcb;

        forge_snp_init(&snp, SNP_MILAN);
        good = forge_snp_vek(&snp);
        tcb = forge_snp_tcb(&snp.reported, SNP_MILAN);
        forge_hex(&asked, snp.chip_id, sizeof(snp.chip_id));
        forge_text(&asked, " %" PRIu64 "\n", tcb);
        write_file("asked", asked);
        write_thim(p, "good", good, tcb, SNP_MILAN, "\"86400\"");
        write_thim(p, "short", good, tcb, SNP_MILAN, "\"0\"");
        write_thim(p, "chain", good, tcb, SNP_GENOA, "\"86400\"");
        other = good;
        other.chip_id[0] ^= 1;
        write_thim(p, "chip", other, tcb, SNP_MILAN, "\"86400\"");
        other = good;
        other.tcb.microcode--;
        write_thim(p, "tcb", other, tcb, SNP_MILAN, "\"86400\"");
        write_thim(p, "tcbm", other, forge_snp_tcb(&other.tcb, SNP_MILAN), SNP_MILAN, "\"86400\"");
        other = good;
        other.not_after = FORGE_NOT_BEFORE + 1;
        write_thim(p, "expired", other, tcb, SNP_MILAN, "\"86400\"");
}

static void write_quote(const struct forge_pki *p, const char *name, const struct forge_td *td) {
        struct forge_quote q;
        struct forge_pck k = {};
        struct forge_bytes quote;

        forge_quote_init(&q, 4);
        q.attestation_key = forge_ec_key("P-256");
        q.pck = forge_ec_key("P-256");
        q.pck_certificate = forge_pck_certificate(p, &k, q.pck);
        quote = forge_quote_make(p, &q, td);
        write_file(name, forge_td_quote_answer(&quote));
        forge_bytes_done(&quote);
        X509_free(q.pck_certificate);
        EVP_PKEY_free(q.pck);
        EVP_PKEY_free(q.attestation_key);
}

static void write_quotes(const struct forge_pki *p) {
        uint8_t report[FORGE_TD_REPORT_SIZE];
        struct forge_td td;

        forge_td_init(&td);
        memset(td.report_data, 0x5a, 32);
        forge_td_report_make(&td, report);
        write_file("td-report", forge_copy(report, sizeof(report)));
        write_quote(p, "quote", &td);
        td.mrtd[0] ^= 1;
        write_quote(p, "quote-guest", &td);
        td.mrtd[0] ^= 1;
        td.report_data[0] ^= 1;
        write_quote(p, "quote-data", &td);
}

int main(int argc, char *argv[]) {
        struct forge_pki p;

        if (argc != 2) {
                fprintf(stderr, "Usage: %s FOLDER\n", argv[0]);
                return 2;
        }
        folder = argv[1];
        forge_pki_load(FORGE_PKI, &p);
        write_endorsements(&p);
        write_quotes(&p);
        forge_pki_done(&p);
        return 0;
}
