/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/detect and az-quote: what a file holds, made ones and genuine ones. */
#include "lib/format/az-quote.h"
#include "lib/format/detect.h"
#include "tests/unit/format-harness.h"

static void json_is_told_by_its_keys(void **state) {
        static const struct {
                const char *text;
                enum content content;
        } rows[] = {
                { " \n{\"__cmwc_t\":\"x\"}", CONTENT_BUNDLE },
                { "{\"claims\":[\"a/b\",\"\"],\"__cmwc_t\":\"x\"}", CONTENT_BUNDLE },
                { "{\"version\":2,\"tpm_quote\":{}}", CONTENT_TRUSTEE },
                { "{\"quote\":{}}", CONTENT_TRUSTEE },
                { "{\"version\":1,\"pcr-bank\":\"sha256\"}", CONTENT_TPM_QUOTE },
                { "{\"vcekCert\":\"\"}", CONTENT_THIM },
                { "{\"keys\":[{\"kid\":\"HCLAkPub\"}]}", CONTENT_RUNTIME_CLAIMS },
                { "{\"a\":\"\\\"__cmwc_t\\\"\"}", 0 },
                { "{}", 0 },
                { "", 0 },
                { "[]", 0 },
                { "\x1e{}", CONTENT_SYSTEMD_LOG },
                { "\n-----BEGIN CERTIFICATE-----", CONTENT_PEM },
                { "HCLA", CONTENT_HCL_REPORT },
                { "\xff"
                  "TCG",
                        CONTENT_TPM_ATTEST },
                { "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef\n ", CONTENT_HEX },
                { "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcde", 0 },
                { "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef x", 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) uint8_t *exact = copy_exact(rows[i].text, strlen(rows[i].text));

                if (detect(exact, strlen(rows[i].text)) != rows[i].content)
                        fail_msg("row %zu: %s", i, content_to_string(detect(exact, strlen(rows[i].text))));
        }
}

static void digits_become_bytes(void **state) {
        _cleanup_(freep) uint8_t *bytes = NULL, *none = NULL;
        size_t n;

        assert_int_equal(detect_unhex(" 00fF\r\n", 7, &bytes, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(bytes[1], 0xff);
        assert_int_equal(detect_unhex("00 ff", 5, &none, &n), -EBADMSG);
        assert_int_equal(detect_unhex("0", 1, &none, &n), -EBADMSG);
}

static void make_az_quote(uint8_t ret[801]) {
        memset(ret, 0, 801);
        put_le(ret, 3, 8);
        put_le(ret + 8, 0x030201, 3);
        put_le(ret + 11, 6, 8);
        memcpy(ret + 19, "\xffTCG\x80\x18", 6);
        put_le(ret + 25, 24, 8);
        for (size_t i = 0; i < 24; i++)
                memset(ret + 33 + 32 * i, (int)i, 32);
}

static int parse(const void *bytes, size_t n, struct diag *d) {
        struct az_quote q;

        return az_quote_parse(bytes, n, &q, d);
}

static void an_az_quote_is_read(void **state) {
        uint8_t bytes[801 + 1] = { 0 };
        struct az_quote q;
        struct diag d = {};

        make_az_quote(bytes);
        assert_int_equal(az_quote_parse(bytes, 801, &q, &d), 0);
        assert_int_equal(q.signature.n, 3);
        assert_int_equal(q.message.n, 6);
        assert_memory_equal(q.message.bytes, "\xffTCG", 4);
        assert_int_equal(q.pcrs.selected, PCR_ALL);
        assert_int_equal(q.pcrs.values[23][31], 23);
        assert_int_equal(detect(bytes, 801), CONTENT_AZ_QUOTE);
        assert_int_equal(az_quote_parse(bytes, 802, &q, &d), -EBADMSG);
        put_le(bytes + 25, 23, 8);
        assert_int_equal(az_quote_parse(bytes, 801, &q, &d), -EBADMSG);
        assert_string_equal(d.text, "az-quote: 23 registers, not 24");
        put_le(bytes, UINT64_MAX, 8);
        assert_int_equal(az_quote_parse(bytes, 801, &q, &d), -EBADMSG);
        make_az_quote(bytes);
        assert_cut_is_refused(bytes, 801, parse);
}

static void genuine_files_are_told_apart(void **state) {
        static const struct {
                const char *path;
                enum content content;
        } rows[] = {
                { "azure-cvm-tooling/akpub.pem", CONTENT_PEM },
                { "azure-cvm-tooling/certs.pem", CONTENT_PEM },
                { "azure-cvm-tooling/hcl-report-snp.bin", CONTENT_HCL_REPORT },
                { "azure-cvm-tooling/hcl-report-tdx.bin", CONTENT_HCL_REPORT },
                { "azure-cvm-tooling/quote.bin", CONTENT_AZ_QUOTE },
                { "azure-cvm-tooling/var-data.bin", CONTENT_RUNTIME_CLAIMS },
                { "confidential-sidecar-containers/snp_report.bin", CONTENT_SNP_REPORT },
                { "confidential-sidecar-containers/uvm_host_amd_certificate.json", CONTENT_THIM },
                { "go-sev-guest/attestation.bin", CONTENT_SNP_REPORT },
                { "go-sev-guest/milan.testcer", CONTENT_PEM },
                { "go-sev-guest/vcek.testcer", CONTENT_DER },
                { "go-tdx-guest/quote_v5_sample.dat", CONTENT_TD_QUOTE },
                { "tpm2-tools/event-arch-linux.bin", CONTENT_EVENT_LOG },
                { "tpm2-tools/event-bootorder.bin", CONTENT_EVENT_LOG },
                { "tpm2-tools/event-gce-ubuntu-2104-log.bin", CONTENT_EVENT_LOG },
                { "tpm2-tools/event-sd-boot-fedora37.bin", CONTENT_EVENT_LOG },
                { "tpm2-tools/event-uefi-sha1-log.bin", CONTENT_EVENT_LOG },
                { "trustee/az-snp-vtpm/evidence-v0.json", CONTENT_TRUSTEE },
                { "trustee/az-snp-vtpm/evidence-v1.json", CONTENT_TRUSTEE },
                { "trustee/az-snp-vtpm/evidence-v2.json", CONTENT_TRUSTEE },
                { "trustee/az-snp-vtpm/hcl-report.bin", CONTENT_HCL_REPORT },
                { "trustee/az-snp-vtpm/quote.bin", CONTENT_AZ_QUOTE },
                { "trustee/az-snp-vtpm/tpm-quote.msg", CONTENT_TPM_ATTEST },
                { "trustee/az-snp-vtpm/tpm-quote.sig", 0 }, /* nothing but a number */
                { "trustee/az-snp-vtpm/vcek.pem", CONTENT_PEM },
                { "trustee/az-tdx-vtpm/evidence-v0.json", CONTENT_TRUSTEE },
                { "trustee/az-tdx-vtpm/evidence-v1.json", CONTENT_TRUSTEE },
                { "trustee/az-tdx-vtpm/hcl-report.bin", CONTENT_HCL_REPORT },
                { "trustee/az-tdx-vtpm/quote.bin", CONTENT_AZ_QUOTE },
                { "trustee/az-tdx-vtpm/td-quote.bin", CONTENT_TD_QUOTE },
                { "trustee/snp/test-report.bin", CONTENT_SNP_REPORT },
                { "trustee/snp/test-vcek.der", CONTENT_DER },
                { "trustee/snp/test-vlek-report.bin", CONTENT_SNP_REPORT },
                { "trustee/snp/test-vlek.der", CONTENT_DER },
                { "virtee-sev/cert_chain_milan", CONTENT_PEM },
                { "virtee-sev/report_milan.hex", CONTENT_HEX },
                { "virtee-sev/vcek_milan.der", CONTENT_DER },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);

                if (detect(bytes, n) != rows[i].content)
                        fail_msg("%s is taken for %s", rows[i].path, content_to_string(detect(bytes, n)));
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_told_by_its_keys),
        cmocka_unit_test(digits_become_bytes),
        cmocka_unit_test(an_az_quote_is_read),
        cmocka_unit_test(genuine_files_are_told_apart),
};

RUN(tests)
