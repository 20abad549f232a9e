/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/trustee: all versions of both attesters, what is written, and genuine evidence. */
#include "lib/base/json-record.h"
#include "lib/format/trustee.h"
#include "tests/forge/bundle.h"
#include "tests/forge/pki.h"
#include "tests/unit/format-harness.h"

static struct forge_pki pki;
static X509 *vek;

static int load(void **state) {
        static const struct forge_vek made = { .product = SNP_MILAN };

        forge_pki_load(FORGE_PKI, &pki);
        vek = forge_vek_certificate(&pki, &made, pki.key[FORGE_AK]);
        return 0;
}

static int unload(void **state) {
        X509_free(vek);
        forge_pki_done(&pki);
        return 0;
}

static struct forge_bytes make(unsigned version, bool tdx) {
        static uint8_t message[] = { 0xff, 0x54 }, signature[] = { 1, 2, 3 }, report[] = { 9, 8, 7, 0xfb },
                       td_quote[] = { 4, 0 };
        static const struct forge_bytes parts[] = { { message, sizeof(message) },
                { signature, sizeof(signature) }, { report, sizeof(report) },
                { td_quote, sizeof(td_quote) } };
        static struct forge_pcrs pcrs = { .hash = FORGE_SHA256 };
        struct forge_trustee t = {
                .version = version,
                .message = &parts[0],
                .signature = &parts[1],
                .hcl_report = &parts[2],
                .td_quote = tdx ? &parts[3] : NULL,
                .vek = tdx ? NULL : vek,
                .pcrs = &pcrs,
        };

        for (unsigned i = 0; i < 24; i++)
                memset(pcrs.values[i], (int)i, 32);
        return forge_trustee(&t);
}

static int parse(const void *bytes, size_t n, struct diag *d) {
        _cleanup_(trustee_evidence_done) struct trustee_evidence e = {};

        return trustee_evidence_parse(bytes, n, &e, d);
}

static void all_versions_are_read(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes der = forge_der(vek);

        for (unsigned version = 0; version <= 2; version++)
                for (unsigned tdx = 0; tdx < 2; tdx++) {
                        _cleanup_(forge_bytes_done) struct forge_bytes text = make(version, tdx);
                        _cleanup_(trustee_evidence_done) struct trustee_evidence e = {};
                        struct diag d = {};

                        assert_int_equal(trustee_evidence_parse((const char *)text.bytes, text.n, &e, &d),
                                0);
                        assert_int_equal(e.version, version);
                        assert_int_equal(e.n_message, 2);
                        assert_int_equal(e.message[0], 0xff);
                        assert_int_equal(e.n_signature, 3);
                        assert_int_equal(e.n_hcl_report, 4);
                        assert_int_equal(e.hcl_report[3], 0xfb);
                        assert_int_equal(e.pcrs.hash, PCR_SHA256);
                        assert_int_equal(e.pcrs.selected, PCR_ALL);
                        assert_int_equal(e.pcrs.values[23][31], 23);
                        assert_int_equal(e.n_td_quote, tdx ? 2 : 0);
                        assert_int_equal(e.n_vek, tdx ? 0 : der.n);
                        if (!tdx)
                                assert_memory_equal(e.vek, der.bytes, der.n);
                        assert_cut_is_refused(text.bytes, text.n, parse);
                }
}

static void what_is_written_is_version_two(void **state) {
        for (unsigned tdx = 0; tdx < 2; tdx++) {
                _cleanup_(forge_bytes_done) struct forge_bytes text = make(1, tdx);
                _cleanup_(trustee_evidence_done) struct trustee_evidence e = {}, again = {};
                _cleanup_(freep) char *written = NULL;

                assert_int_equal(trustee_evidence_parse((const char *)text.bytes, text.n, &e, NULL), 0);
                assert_int_equal(trustee_evidence_format(&e, &written), 0);
                assert_int_equal(
                        strncmp(written, "{\"version\":2,\"tpm_quote\":{\"signature\":\"010203\",", 46), 0);
                assert_non_null(strstr(written, "\"hcl_report\":\"CQgH-w==\""));
                assert_int_equal(trustee_evidence_parse(written, strlen(written), &again, NULL), 0);
                assert_int_equal(again.version, 2);
                assert_memory_equal(&again.pcrs, &e.pcrs, sizeof(e.pcrs));
                assert_int_equal(again.n_vek, e.n_vek);
                assert_int_equal(again.n_td_quote, e.n_td_quote);
        }
}

/* Each with one change: what stands in it, what takes its place. */
static void others_are_refused(void **state) {
        static const struct {
                unsigned version;
                bool tdx;
                const char *from, *to, *says;
        } rows[] = {
                { 2, true, "\"version\":2", "\"version\":3",
                        "version 3, 1 and 2 are known, and 0, which does not say" },
                { 2, true, "\"version\":2", "\"version\":0",
                        "version 0, 1 and 2 are known, and 0, which does not say" },
                { 2, true, "\"version\":2", "\"version\":\"2\"", "is a string, not a number" },
                { 2, true, "\"version\":2,", "", "\"signature\" is a string, not a list" },
                { 2, true, "\"tpm_quote\"", "\"quote\"", "\"quote\" does not belong here" },
                { 2, true, "\"hcl_report\":", "\"vcek\":\"AA\",\"hcl_report\":",
                        "\"vcek\" does not belong here" },
                { 2, false, "\"hcl_report\":", "\"td_quote\":\"AA\",\"hcl_report\":",
                        "\"vcek\" does not belong here" },
                { 2, false, "\"vcek\":", "\"vlek\":", "\"vlek\" does not belong here" },
                { 2, true, "ff54", "ff5", "\"message\" is not hexadecimal digits, at most 65536 bytes" },
                { 2, true, "ff54", "", "\"message\" is empty" },
                { 2, true, "BAA", "BA*", "\"td_quote\" is not base64, at most 65536 bytes" },
                { 2, true, "BAA", "BAB", "\"td_quote\" is not base64, at most 65536 bytes" },
                { 2, true, "\"pcrs\":[", "\"pcrs\":[\"00\",", "25 registers, not 24" },
                { 2, true, "00\",\"01", "\",\"01", "register 0 has no SHA-256" },
                { 0, true, "[255,84]", "[256,84]",
                        "\"message\" is not bytes as numbers, at most 65536 bytes" },
                { 0, true, "[255,84]", "[-1,84]",
                        "\"message\" is not bytes as numbers, at most 65536 bytes" },
                { 0, true, "[255,84]", "[\"1\"]",
                        "\"message\" is not bytes as numbers, at most 65536 bytes" },
                { 0, true, "[255,84]", "\"ff54\"", "\"message\" is a string, not a list" },
                { 0, false, "BEGIN CERTIFICATE", "BEGIN X509 CRL", "\"vcek\" is not a certificate as PEM" },
                { 0, false, "-----BEGIN", "x-----BEGIN", "\"vcek\" is not a certificate as PEM" },
                { 0, false, "-----\\n\"", "-----\\nx\"", "\"vcek\" is not a certificate as PEM" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes good = make(rows[i].version, rows[i].tdx);
                const char *at = strstr((const char *)good.bytes, rows[i].from);
                _cleanup_(freep) char *text = NULL;
                struct diag d = {};

                assert_non_null(at);
                assert_true(asprintf(&text, "%.*s%s%s", (int)(at - (const char *)good.bytes), good.bytes,
                                    rows[i].to, at + strlen(rows[i].from)) > 0);
                if (parse(text, strlen(text), &d) != -EBADMSG || !strstr(d.text, rows[i].says))
                        fail_msg("row %zu: %s", i, d.text);
        }
}

static void genuine_evidence_is_read(void **state) {
        static const struct {
                const char *path;
                unsigned version;
                size_t n_message, n_vek, n_td_quote;
                const char *pcr0;
        } rows[] = {
                { "trustee/az-snp-vtpm/evidence-v0.json", 0, 122, 1351, 0, "e15c44796beabf46" },
                { "trustee/az-snp-vtpm/evidence-v1.json", 1, 122, 1351, 0, "e15c44796beabf46" },
                { "trustee/az-snp-vtpm/evidence-v2.json", 2, 161, 1351, 0, "84275b2f4312cd4f" },
                { "trustee/az-tdx-vtpm/evidence-v0.json", 0, 122, 0, 5006, "782b20b10f55cc46" },
                { "trustee/az-tdx-vtpm/evidence-v1.json", 1, 122, 0, 5006, "782b20b10f55cc46" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                _cleanup_(trustee_evidence_done) struct trustee_evidence e = {};
                struct diag d = {};

                assert_int_equal(trustee_evidence_parse((const char *)bytes, n, &e, &d), 0);
                assert_int_equal(e.version, rows[i].version);
                assert_int_equal(e.n_signature, 256);
                assert_int_equal(e.n_message, rows[i].n_message);
                assert_int_equal(e.n_hcl_report, 2600);
                assert_memory_equal(e.hcl_report, "HCLA", 4);
                assert_int_equal(e.n_vek, rows[i].n_vek);
                assert_int_equal(e.n_td_quote, rows[i].n_td_quote);
                assert_hex(e.pcrs.values[0], 8, rows[i].pcr0);
        }
}

/* Whatever order and blanks: the same members, each with the same text. */
static void assert_same(const struct json_node *a, const struct json_node *b) {
        const struct json_node *x, *y = b->children;

        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->n_children, b->n_children);
        assert_int_equal(a->integer, b->integer);
        if (a->kind == JSON_STRING)
                assert_string_equal(a->string, b->string);
        for (x = a->children; x; x = x->next, y = y->next)
                assert_same(x, a->kind == JSON_OBJECT ? json_member(b, x->key) : y);
}

static void genuine_version_two_comes_back(void **state) {
        _cleanup_(json_document_freep) struct json_document *genuine = NULL, *ours = NULL;
        _cleanup_(trustee_evidence_done) struct trustee_evidence e = {};
        _cleanup_(freep) char *written = NULL;
        size_t n;
        _cleanup_(freep) uint8_t *bytes = read_vector("trustee/az-snp-vtpm/evidence-v2.json", &n);

        assert_int_equal(trustee_evidence_parse((const char *)bytes, n, &e, NULL), 0);
        assert_int_equal(trustee_evidence_format(&e, &written), 0);
        assert_int_equal(json_record_parse(bytes, n, "genuine", &genuine, NULL), 0);
        assert_int_equal(json_record_parse(written, strlen(written), "ours", &ours, NULL), 0);
        assert_same(genuine->root, ours->root);
}

#define test(f) cmocka_unit_test_setup_teardown(f, load, unload)

static const struct CMUnitTest tests[] = {
        test(all_versions_are_read),
        test(what_is_written_is_version_two),
        test(others_are_refused),
        test(genuine_evidence_is_read),
        test(genuine_version_two_comes_back),
};

RUN(tests)
