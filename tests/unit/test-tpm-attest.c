/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/tpm-attest: quotes, signatures, public keys, and genuine ones. */
#include "lib/format/tpm-attest.h"
#include "tests/unit/format-harness.h"

/* magic, type, name, "nonce", clock, firmware, sha256 with registers 0, 8 and 23, digest */
#define QUOTE                                                                      \
        "ff5443478018"                                                             \
        "0022000b1111111111111111111111111111111111111111111111111111111111111111" \
        "00056e6f6e6365"                                                           \
        "00000000000000010000000200000003012233445566778899"                       \
        "00000001000b03010180"                                                     \
        "00202222222222222222222222222222222222222222222222222222222222222222"
#define ECDSA "0018000b00021234000156"
#define RSASSA "0014000b0004deadbeef"
#define RSA_PUBLIC "0001000b00050472000000100014000b00400000000000088899aabbccddeeff"
#define ECC_PUBLIC                 \
        "0023000b0004047200000010" \
        "0018000b00030010000158000159"

static size_t bytes_of(const char *digits, uint8_t *ret) {
        from_hex(digits, ret, strlen(digits) / 2);
        return strlen(digits) / 2;
}

static int quote(const void *bytes, size_t n, struct diag *d) {
        struct tpm_attest a;

        return tpm_attest_parse(bytes, n, &a, d);
}

static int signature(const void *bytes, size_t n, struct diag *d) {
        struct tpm_signature s;

        return tpm_signature_parse(bytes, n, &s, d);
}

static int public_key(const void *bytes, size_t n, struct diag *d) {
        struct tpm_public p;

        return tpm_public_parse(bytes, n, &p, d);
}

static void a_quote_is_read(void **state) {
        uint8_t bytes[256];
        size_t n = bytes_of(QUOTE, bytes);
        struct tpm_attest a;
        struct diag d = {};

        assert_int_equal(tpm_attest_parse(bytes, n, &a, &d), 0);
        assert_int_equal(a.qualified_signer.n, 34);
        assert_int_equal(a.extra_data.n, 5);
        assert_memory_equal(a.extra_data.bytes, "nonce", 5);
        assert_int_equal(a.clock.clock, 1);
        assert_int_equal(a.clock.reset_count, 2);
        assert_int_equal(a.clock.restart_count, 3);
        assert_true(a.clock.safe);
        assert_true(a.firmware_version == UINT64_C(0x2233445566778899));
        assert_int_equal(a.bank, PCR_SHA256);
        assert_int_equal(a.selected, 1 | 1 << 8 | 1 << 23);
        assert_int_equal(a.pcr_digest.n, 32);
        assert_ptr_equal(a.whole.bytes, bytes);
        assert_int_equal(a.whole.n, n);
        assert_cut_is_refused(bytes, n, quote);
}

/* Offsets within QUOTE; values big-endian. */
static void other_quotes_are_refused(void **state) {
        static const struct change rows[] = {
                { 0, 4, 0xff544348, -EBADMSG, "TPM quote: magic 0xff544348: not made by a TPM" },
                { 4, 2, 0x8017, -EBADMSG, "TPM quote: type 0x8017, not a quote" },
                { 8, 2, 0x0012, -EBADMSG, "TPM quote: its signer's name is none" },
                { 8, 2, 0x0004, -EBADMSG, "TPM quote: its signer's name is none" },
                { 6, 2, 0xffff, -EBADMSG, "TPM quote: bytes are missing or left over, of 129" },
                { 65, 1, 2, -EBADMSG, "TPM quote: the clock's safe flag is neither 0 nor 1" },
                { 74, 4, 2, -EBADMSG, "TPM quote: 2 banks are quoted, not one" },
                { 74, 4, 0, -EBADMSG, "TPM quote: 0 banks are quoted, not one" },
                { 78, 2, 0x12, -EBADMSG, "TPM quote: a bank of algorithm 0x0012, which is not known" },
                { 80, 1, 4, -EBADMSG, "TPM quote: bytes are missing or left over, of 129" },
                { 84, 2, 33, -EBADMSG, "TPM quote: bytes are missing or left over, of 129" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[256];
                size_t n = bytes_of(QUOTE, bytes);
                struct diag d = {};

                put_be(bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(quote(bytes, n, &d), rows[i].error);
                if (strncmp(d.text, rows[i].says, strlen(rows[i].says) - 3) != 0)
                        fail_msg("row %zu: %s", i, d.text);
        }
}

static void a_selection_may_have_other_sizes(void **state) {
        static const struct {
                const char *selection;
                int error;
                uint32_t selected;
        } rows[] = {
                { "000000010004"
                  "00",
                        0, 0 },
                { "000000010004"
                  "0181",
                        0, 0x81 },
                { "000000010004"
                  "04ffffff00",
                        0, PCR_ALL },
                { "000000010004"
                  "0400000001",
                        -EBADMSG, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[256];
                size_t n = bytes_of(QUOTE, bytes) - 34 - 10, n_selection;
                struct tpm_attest a = {};

                n_selection = bytes_of(rows[i].selection, bytes + n);
                n += n_selection;
                put_be(bytes + n, 20, 2);
                memset(bytes + n + 2, 0x22, 20);
                assert_int_equal(tpm_attest_parse(bytes, n + 22, &a, NULL), rows[i].error);
                assert_int_equal(a.selected, rows[i].selected);
        }
}

static void signatures_are_read(void **state) {
        uint8_t bytes[64];
        struct tpm_signature s;
        size_t n = bytes_of(ECDSA, bytes);

        assert_int_equal(tpm_signature_parse(bytes, n, &s, NULL), 0);
        assert_int_equal(s.scheme, TPM_ECDSA);
        assert_int_equal(s.hash, PCR_SHA256);
        assert_int_equal(s.r.n, 2);
        assert_int_equal(s.s.n, 1);
        assert_int_equal(s.s.bytes[0], 0x56);
        assert_cut_is_refused(bytes, n, signature);
        n = bytes_of(RSASSA, bytes);
        assert_int_equal(tpm_signature_parse(bytes, n, &s, NULL), 0);
        assert_int_equal(s.scheme, TPM_RSASSA);
        assert_int_equal(s.rsa.n, 4);
        assert_cut_is_refused(bytes, n, signature);
}

static void other_signatures_are_refused(void **state) {
        static const char *const rows[] = { "0005000b0004deadbeef",
                "00140012"
                "0004deadbeef",
                "0014000b0000", "0014000b0004deadbeef00",
                "0018000b00021234"
                "0000",
                "0018000b0000"
                "000156",
                "001a000b0004deadbeef", "0014000b0201" };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[64];
                size_t n = bytes_of(rows[i], bytes);
                struct diag d = {};

                assert_int_equal(signature(bytes, n, &d), -EBADMSG);
                assert_string_not_equal(d.text, "");
        }
}

static void public_keys_are_read(void **state) {
        uint8_t bytes[64];
        struct tpm_public p;
        size_t n = bytes_of(RSA_PUBLIC, bytes);

        assert_int_equal(tpm_public_parse(bytes, n, &p, NULL), 0);
        assert_int_equal(p.type, TPM_KEY_RSA);
        assert_int_equal(p.name_hash, PCR_SHA256);
        assert_int_equal(p.attributes, 0x50472);
        assert_int_equal(p.policy.n, 0);
        assert_int_equal(p.scheme, TPM_RSASSA);
        assert_int_equal(p.scheme_hash, PCR_SHA256);
        assert_int_equal(p.key_bits, 64);
        assert_int_equal(p.exponent, 0);
        assert_int_equal(p.modulus.n, 8);
        assert_int_equal(p.modulus.bytes[0], 0x88);
        assert_int_equal(p.whole.n, n);
        assert_cut_is_refused(bytes, n, public_key);
        n = bytes_of(ECC_PUBLIC, bytes);
        assert_int_equal(tpm_public_parse(bytes, n, &p, NULL), 0);
        assert_int_equal(p.type, TPM_KEY_ECC);
        assert_int_equal(p.scheme, TPM_ECDSA);
        assert_int_equal(p.curve, 3);
        assert_int_equal(p.x.bytes[0], 0x58);
        assert_int_equal(p.y.bytes[0], 0x59);
        assert_cut_is_refused(bytes, n, public_key);
}

static void other_public_keys_are_refused(void **state) {
        static const char *const rows[] = {
                "0008000b00050472000000100014000b00400000000000088899aabbccddeeff", /* type */
                "0001001200050472000000100014000b00400000000000088899aabbccddeeff", /* name hash */
                "0001000b00050472000112"
                "00100014000b00400000000000088899aabbccddeeff",                     /* policy size */
                "0001000b00050472000000400014000b00400000000000088899aabbccddeeff", /* cipher */
                "0001000b00050472000000100018000b00400000000000088899aabbccddeeff", /* ECDSA by an RSA key */
                "0001000b000504720000001000140012"
                "00400000000000088899aabbccddeeff",                                 /* its hash */
                "0001000b00050472000000100014000b00480000000000088899aabbccddeeff", /* bits */
                RSA_PUBLIC "00",
                "0023000b0004047200000010"
                "0014000b00030010000158000159", /* RSASSA by an ECC key */
                "0023000b0004047200000010"
                "0018000b00030020000158000159", /* kdf */
                "0023000b0004047200000010"
                "0018000b000300100000000159", /* no x */
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[64];
                size_t n = bytes_of(rows[i], bytes);
                struct diag d = {};

                if (public_key(bytes, n, &d) != -EBADMSG)
                        fail_msg("row %zu is taken", i);
                assert_string_not_equal(d.text, "");
        }
}

/* A storage key's cipher is stepped over; a decrypting key without a scheme has none. */
static void keys_with_ciphers_are_read(void **state) {
        uint8_t bytes[64];
        struct tpm_public p;
        size_t n = bytes_of("0001000b00030072000000060080004300100040000100010008"
                            "8899aabbccddeeff",
                bytes);

        assert_int_equal(tpm_public_parse(bytes, n, &p, NULL), 0);
        assert_int_equal(p.scheme, 0x10);
        assert_int_equal(p.exponent, 65537);
}

static void genuine_quotes_are_read(void **state) {
        size_t n;
        _cleanup_(freep) uint8_t *bytes = read_vector("trustee/az-snp-vtpm/tpm-quote.msg", &n);
        struct tpm_attest a;
        struct diag d = {};

        assert_int_equal(tpm_attest_parse(bytes, n, &a, &d), 0);
        assert_int_equal(a.extra_data.n, 9);
        assert_memory_equal(a.extra_data.bytes, "challenge", 9);
        assert_int_equal(a.selected, 0xff | 1 << 14);
        assert_int_equal(a.bank, PCR_SHA256);
        assert_int_equal(a.clock.clock, 0x3356d0fd);
        assert_int_equal(a.clock.reset_count, 3);
        assert_int_equal(a.clock.restart_count, 0);
        assert_true(a.clock.safe);
        assert_hex(a.pcr_digest.bytes, 8, "9d608cf40eb5bc74");
        assert_cut_is_refused(bytes, n, quote);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_is_read),
        cmocka_unit_test(other_quotes_are_refused),
        cmocka_unit_test(a_selection_may_have_other_sizes),
        cmocka_unit_test(signatures_are_read),
        cmocka_unit_test(other_signatures_are_refused),
        cmocka_unit_test(public_keys_are_read),
        cmocka_unit_test(other_public_keys_are_refused),
        cmocka_unit_test(keys_with_ciphers_are_read),
        cmocka_unit_test(genuine_quotes_are_read),
};

RUN(tests)
