/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Genuine evidence, each piece with what must come out. */
#include <openssl/pem.h>

#include "lib/base/hex.h"
#include "lib/base/json-record.h"
#include "lib/verify/signature.h"
#include "tests/unit/format-harness.h"
#include "tests/unit/verify-harness.h"

#define AT INT64_C(1764547200) /* 2025-12-01: within the validity of all but one */

#define AZ "trustee/az-snp-vtpm/"
#define MILAN_CHAIN "virtee-sev/cert_chain_milan"

struct genuine {
        const char *file;
        const char *certificates[3];
        const char *against; /* the checks that count against it; "": none */
        int64_t at;          /* 0: AT */
};

static const struct genuine all[] = {
        { AZ "hcl-report.bin", { AZ "vcek.pem" }, "" },
        { AZ "hcl-report.bin", { "azure-cvm-tooling/certs.pem" }, "snp-signature vek-chip" },
        { AZ "evidence-v0.json", { MILAN_CHAIN }, "" },
        { AZ "evidence-v1.json", { MILAN_CHAIN }, "" },
        { AZ "evidence-v2.json", { MILAN_CHAIN }, "" },
        { AZ "evidence-v2.json", {}, "vek-chain amd-root" },
        { "trustee/az-tdx-vtpm/hcl-report.bin", {}, "td-quote-signature" },
        { "trustee/az-tdx-vtpm/td-quote.bin", {}, "" },
        { "trustee/az-tdx-vtpm/evidence-v0.json", {}, "" },
        { "trustee/az-tdx-vtpm/evidence-v1.json", {}, "" },
        { "trustee/snp/test-report.bin", { "trustee/snp/test-vcek.der", MILAN_CHAIN }, "" },
        { "trustee/snp/test-report.bin", { "trustee/snp/test-vcek.der" }, "vek-chain amd-root" },
        { "trustee/snp/test-report.bin", {}, "snp-signature" },
        { "trustee/snp/test-vlek-report.bin", { "trustee/snp/test-vlek.der" }, "vek-chain amd-root vmpl" },
        { "trustee/snp/test-vlek-report.bin", { "trustee/snp/test-vlek.der" },
                "vek-chain amd-root vek-validity vmpl", 1765500000 /* 2025-12-12 */ },
        { "trustee/snp/test-report.bin", { "trustee/snp/test-vcek-invalid-legacy.der", MILAN_CHAIN },
                "snp-signature vek-chain vek-chip vek-tcb" },
        { "trustee/snp/test-report.bin", { "trustee/snp/test-vcek-invalid-new.der", MILAN_CHAIN },
                "snp-signature vek-chain vek-chip vek-tcb" },
        { "azure-cvm-tooling/hcl-report-snp.bin", { "azure-cvm-tooling/certs.pem" },
                "snp-signature vek-chip" },
        { "azure-cvm-tooling/hcl-report-tdx.bin", {}, "td-quote-signature" },
        { "go-sev-guest/attestation.bin", { "go-sev-guest/vcek.testcer", "go-sev-guest/milan.testcer" },
                "debug" },
        { "go-tdx-guest/quote_v5_sample.dat", {}, "", 1780272000 /* 2026-06-01: its PCK is of that year */ },
        { "go-tdx-guest/quote_v5_sample.dat", {}, "pck-validity" },
};

static void test_genuine(void **state) {
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                const struct genuine *g = &all[i];
                struct judge j = { .settings = { .at = g->at ?: AT, .waived = WAIVE_ALL } };
                uint8_t *files[3] = {};
                _cleanup_(freep) uint8_t *evidence = NULL;
                size_t n;

                for (size_t k = 0; k < 3 && g->certificates[k]; k++)
                        j.certificates[k] = files[k] = read_vector(g->certificates[k], &j.n_certificates[k]);
                evidence = read_vector(g->file, &n);
                print_message("# %s\n", g->file);
                assert_against(&j, evidence, n, g->against);
                for (size_t k = 0; k < 3; k++)
                        free(files[k]);
        }
}

/* A report as hexadecimal digits. */
static void test_genuine_in_digits(void **state) {
        _cleanup_(freep) uint8_t *text = NULL, *vcek = NULL, *chain = NULL;
        struct judge j = { .settings = { .at = AT, .waived = WAIVE_ALL } };
        uint8_t report[SNP_REPORT_SIZE];
        size_t n, size;

        text = read_vector("virtee-sev/report_milan.hex", &n);
        assert_int_equal(hex_parse((const char *)text, n, report, sizeof(report), &size), 0);
        j.certificates[0] = vcek = read_vector("virtee-sev/vcek_milan.der", &j.n_certificates[0]);
        j.certificates[1] = chain = read_vector(MILAN_CHAIN, &j.n_certificates[1]);
        assert_against(&j, report, size, "");
}

/* What Azure's endorsement service answers, and a report that it certifies. */
static void test_genuine_with_thim(void **state) {
        _cleanup_(freep) uint8_t *answer = NULL, *report = NULL;
        _cleanup_(json_document_freep) struct json_document *thim = NULL;
        struct judge j = { .settings = { .at = AT, .waived = WAIVE_ALL } };
        static const char *const keys[] = { "vcekCert", "certificateChain" };
        const struct json_node *member;
        size_t n, n_report;

        answer = read_vector("confidential-sidecar-containers/uvm_host_amd_certificate.json", &n);
        report = read_vector("confidential-sidecar-containers/snp_report.bin", &n_report);
        assert_int_equal(json_record_parse(answer, n, "answer", &thim, NULL), 0);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(json_record_member(thim->root, keys[i], JSON_STRING, &member, NULL), 0);
                j.certificates[i] = member->string;
                j.n_certificates[i] = strlen(member->string);
        }
        assert_against(&j, report, n_report, "");
}

/* As az-cvm-tooling writes a quote: u64 size and signature, u64 size and message, values. */
static void test_genuine_quote(void **state) {
        static const char *const reports[] = { "azure-cvm-tooling/hcl-report-snp.bin",
                "azure-cvm-tooling/hcl-report-tdx.bin" };
        _cleanup_(freep) uint8_t *file = NULL, *pem = NULL;
        _cleanup_(signatures_freep) struct signatures *s = NULL;
        EVP_PKEY *key = NULL;
        struct tpm_signature signature = { .scheme = TPM_RSASSA, .hash = PCR_SHA256 };
        struct span message;
        BIO *bio;
        size_t n, n_pem;

        file = read_vector("azure-cvm-tooling/quote.bin", &n);
        pem = read_vector("azure-cvm-tooling/akpub.pem", &n_pem);
        assert_int_equal(n, 8 + 256 + 8 + 122 + 8 + 24 * 32);
        signature.rsa = (struct span){ file + 8, 256 };
        message = (struct span){ file + 8 + 256 + 8, 122 };
        assert_int_equal(signatures_new(&s), 0);
        bio = BIO_new_mem_buf(pem, (int)n_pem);
        key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
        BIO_free(bio);
        assert_non_null(key);
        assert_true(signature_tpm_good(s, key, &signature, message.bytes, message.n));
        file[8 + 256 + 8 + 121] ^= 1;
        assert_false(signature_tpm_good(s, key, &signature, message.bytes, message.n));
        file[8 + 256 + 8 + 121] ^= 1;
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(freep) struct evidence *e = calloc(1, sizeof(*e));
                _cleanup_(freep) uint8_t *report = read_vector(reports[i], &n);
                EVP_PKEY *ak;

                assert_int_equal(evidence_parse(report, n, e, NULL), 0);
                assert_int_equal(signature_rsa_key(s, &e->runtime.ak, &ak), 0);
                assert_false(signature_tpm_good(s, ak, &signature, message.bytes, message.n));
                evidence_done(e);
        }
        EVP_PKEY_free(key);
}

/* Order, surplus and lack of certificates: what was given is taken as it stands. */
static void test_order_of_certificates(void **state) {
        _cleanup_(freep) uint8_t *report = NULL, *vcek = NULL, *chain = NULL, *other = NULL;
        struct judge j = { .settings = { .at = AT, .waived = WAIVE_ALL } };
        size_t n, n_vcek, n_chain, n_other;

        report = read_vector("trustee/snp/test-report.bin", &n);
        vcek = read_vector("trustee/snp/test-vcek.der", &n_vcek);
        chain = read_vector(MILAN_CHAIN, &n_chain);
        other = read_vector("virtee-sev/vcek_milan.der", &n_other);

        /* ASK and ARK first, then the leaf: two chains, one for each file, as they may be given. */
        j = (struct judge){ j.settings, NULL, { chain, vcek }, { n_chain, n_vcek } };
        assert_against(&j, report, n, "");
        /* A certificate that belongs to nothing. */
        j = (struct judge){ j.settings, NULL, { vcek, chain, other }, { n_vcek, n_chain, n_other } };
        assert_against(&j, report, n, "certificates");
        j.settings.several = true;
        assert_against(&j, report, n, "");
        /* The chip decides which of several keys it is. */
        j = (struct judge){ j.settings, NULL, { other, vcek, chain }, { n_other, n_vcek, n_chain } };
        assert_against(&j, report, n, "");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genuine),
        cmocka_unit_test(test_genuine_in_digits),
        cmocka_unit_test(test_genuine_with_thim),
        cmocka_unit_test(test_genuine_quote),
        cmocka_unit_test(test_order_of_certificates),
};

RUN(tests)
