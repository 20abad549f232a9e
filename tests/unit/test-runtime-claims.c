/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/runtime-claims: keys, the guest's own bytes, and claims that must not be believed. */
#include "lib/base/base64.h"
#include "lib/format/runtime-claims.h"
#include "tests/unit/format-harness.h"

#define N_MODULUS 256

/* Claims with an AK of n bytes that start with first and end with last, everything else as given. */
static char *build(size_t n, uint8_t first, uint8_t last, const char *exponent, const char *rest) {
        _cleanup_(freep) uint8_t *modulus = calloc(1, n + 1);
        _cleanup_(freep) char *digits = NULL;
        char *text = NULL;

        assert_non_null(modulus);
        modulus[0] = first;
        modulus[n - 1] |= last;
        assert_int_equal(base64_format(modulus, n, BASE64_URL, &digits), 0);
        assert_true(asprintf(&text,
                            "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
                            "\"e\":\"%s\",\"n\":\"%s\"}]%s}",
                            exponent, digits, rest) > 0);
        return text;
}

static void assert_refused(const char *text, const char *says) {
        struct runtime_claims c = {};
        struct diag d = {};

        assert_int_equal(runtime_claims_parse(text, strlen(text), &c, &d), -EBADMSG);
        assert_string_equal(d.text, says);
        assert_null(c.document);
}

static void claims_are_read(void **state) {
        _cleanup_(freep) char *text = build(N_MODULUS, 0x80, 1, "AQAB",
                ",\"vm-configuration\":{\"secure-boot\":true,\"new\":[]},\"more\":1,\"user-data\":\""
                "00112233445566778899aAbBcCdDeEfF00000000000000000000000000000000000000000000000000000000000"
                "00000"
                "00000000000000000000000000000042\"");
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};
        struct diag d = {};

        assert_int_equal(runtime_claims_parse(text, strlen(text), &c, &d), 0);
        assert_int_equal(c.ak.exponent, 65537);
        assert_int_equal(c.ak.n_modulus, N_MODULUS);
        assert_int_equal(c.ak.modulus[0], 0x80);
        assert_int_equal(c.ak.modulus[N_MODULUS - 1], 1);
        assert_int_equal(c.ek.n_modulus, 0);
        assert_true(c.has_user_data);
        assert_int_equal(c.user_data[15], 0xff);
        assert_int_equal(c.user_data[63], 0x42);
        assert_true(json_member(c.vm_configuration, "secure-boot")->boolean);
        assert_non_null(json_member(c.document->root, "more"));
}

static void most_may_be_missing(void **state) {
        _cleanup_(freep) char *text = build(N_MODULUS, 0x80, 1, "Aw", "");
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};

        assert_int_equal(runtime_claims_parse(text, strlen(text), &c, NULL), 0);
        assert_int_equal(c.ak.exponent, 3);
        assert_false(c.has_user_data);
        assert_null(c.vm_configuration);
}

static void keys_must_be_safe(void **state) {
        static const struct {
                size_t n;
                uint8_t first, last;
                const char *exponent, *says;
        } rows[] = {
                { 256, 0, 0, "AQAB",
                        "runtime claims: HCLAkPub: \"n\" is zero: the paravisor failed to make this key" },
                { 257, 0, 1, "AQAB", "runtime claims: HCLAkPub: \"n\" starts with a zero byte" },
                { 256, 0x40, 1, "AQAB",
                        "runtime claims: HCLAkPub: a modulus of 2047 bits, at least 2048 are safe" },
                { 128, 0x80, 1, "AQAB",
                        "runtime claims: HCLAkPub: a modulus of 1024 bits, at least 2048 are safe" },
                { 513, 0x80, 1, "AQAB", "runtime claims: HCLAkPub: \"n\" has more than 512 bytes" },
                { 256, 0x80, 1, "AQ", "runtime claims: HCLAkPub: 1 is no RSA exponent" },
                { 256, 0x80, 1, "BA", "runtime claims: HCLAkPub: 4 is no RSA exponent" },
                { 256, 0x80, 1, "AQAAAAE", "runtime claims: HCLAkPub: \"e\" has more than 4 bytes" },
                { 256, 0x80, 1, "AAEAAQ", "runtime claims: HCLAkPub: \"e\" starts with a zero byte" },
                { 256, 0x80, 1, "AQAB=", "runtime claims: HCLAkPub: \"e\" is not base64url" },
                { 256, 0x80, 1, "",
                        "runtime claims: HCLAkPub: \"e\" is zero: the paravisor failed to make this key" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text =
                        build(rows[i].n, rows[i].first, rows[i].last, rows[i].exponent, "");

                assert_refused(text, rows[i].says);
        }
}

static void other_claims_are_refused(void **state) {
        static const struct {
                const char *rest, *says;
        } rows[] = {
                { ",\"user-data\":\"00\"", "runtime claims: \"user-data\" is not 128 hexadecimal digits" },
                { ",\"user-data\":null", "runtime claims: 1:433: \"user-data\" is null, not a string" },
                { ",\"vm-configuration\":[]",
                        "runtime claims: 1:440: \"vm-configuration\" is a list, not an object" },
                { ",\"keys\":[]",
                        "runtime claims: 1:421: this key was given before, at 1:2: remove one of them" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = build(N_MODULUS, 0x80, 1, "AQAB", rows[i].rest);

                assert_refused(text, rows[i].says);
        }
        assert_refused("{}", "runtime claims: 1:1: \"keys\" is missing");
        assert_refused("{\"keys\":[]}", "runtime claims: no key HCLAkPub");
        assert_refused("{\"keys\":[{\"kid\":\"HCLEkPu\"},{}]}", "runtime claims: no key HCLAkPub");
        assert_refused("{\"keys\":[1]}", "runtime claims: 1:10: a key is an object");
        assert_refused("{\"keys\":[{\"kid\":\"HCLAkPub\"}]}",
                "runtime claims: HCLAkPub: 1:10: \"kty\" is missing");
        assert_refused("{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"EC\"}]}",
                "runtime claims: HCLAkPub: a key of type \"EC\", not RSA");
        assert_refused("<html>",
                "runtime claims: 1:1: unexpected <; a value (string, whole number, true, false, "
                "null, list or object) is missing");
}

static void a_key_is_named_once(void **state) {
        _cleanup_(freep) char *text = build(N_MODULUS, 0x80, 1, "AQAB", ""), *twice = NULL;
        const char *key = strchr(text, '['), *end = strchr(strchr(key, ']') + 1, ']');

        assert_true(asprintf(&twice, "{\"keys\":%.*s,%.*s]}", (int)(end - key), key, (int)(end - key - 1),
                            key + 1) > 0);
        assert_refused(twice, "runtime claims: HCLAkPub is there twice");
}

static int parse(const void *bytes, size_t n, struct diag *d) {
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};

        return runtime_claims_parse(bytes, n, &c, d);
}

static void cut_off_they_are_refused(void **state) {
        _cleanup_(freep) char *text = build(N_MODULUS, 0x80, 1, "AQAB", ",\"vm-configuration\":{}");

        assert_cut_is_refused(text, strlen(text), parse);
}

static void genuine_claims_are_read(void **state) {
        static const struct {
                const char *path;
                size_t at, n;
                const char *ak;
                bool has_ek, has_user_data;
        } rows[] = {
                { "trustee/az-snp-vtpm/hcl-report.bin", 1236, 1110, "a91ecba800010dcc", true, true },
                { "trustee/az-tdx-vtpm/hcl-report.bin", 1236, 1201, "c89b17820000a5e9", true, true },
                { "azure-cvm-tooling/hcl-report-snp.bin", 1236, 583, "b58541a6000104e7", false, false },
                { "azure-cvm-tooling/hcl-report-tdx.bin", 1236, 1202, "b207a81500012c23", true, true },
                { "azure-cvm-tooling/var-data.bin", 0, 1110, "b5e819d300010825", true, true },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                _cleanup_(runtime_claims_done) struct runtime_claims c = {};
                struct diag d = {};

                assert_true(n >= rows[i].at + rows[i].n);
                assert_int_equal(runtime_claims_parse(bytes + rows[i].at, rows[i].n, &c, &d), 0);
                assert_int_equal(c.ak.n_modulus, 256);
                assert_int_equal(c.ak.exponent, 65537);
                assert_hex(c.ak.modulus, 8, rows[i].ak);
                assert_int_equal(c.ek.n_modulus > 0, rows[i].has_ek);
                assert_int_equal(c.has_user_data, rows[i].has_user_data);
                assert_non_null(c.vm_configuration);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_read),
        cmocka_unit_test(most_may_be_missing),
        cmocka_unit_test(keys_must_be_safe),
        cmocka_unit_test(other_claims_are_refused),
        cmocka_unit_test(a_key_is_named_once),
        cmocka_unit_test(cut_off_they_are_refused),
        cmocka_unit_test(genuine_claims_are_read),
};

RUN(tests)
