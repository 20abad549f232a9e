/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/snp-report: versions 2 to 5, TCBs by product, reserved bytes, and genuine reports. */
#include "lib/format/snp-report.h"
#include "tests/unit/format-harness.h"

#define MILAN_TCB UINT64_C(0x8900000000000602)

/* Each field filled with bytes of its own, so that a field read at the wrong place shows. */
static void build(uint32_t version, uint8_t ret[SNP_REPORT_SIZE]) {
        memset(ret, 0, SNP_REPORT_SIZE);
        put_le(ret, version, 4);
        put_le(ret + 0x04, 7, 4);
        put_le(ret + 0x08, 0x3001f, 8);
        memset(ret + 0x10, 0x10, 16);
        memset(ret + 0x20, 0x20, 16);
        put_le(ret + 0x30, 2, 4);
        put_le(ret + 0x34, 1, 4);
        put_le(ret + 0x38, MILAN_TCB + 3, 8);
        put_le(ret + 0x40, 0x27, 8);
        put_le(ret + 0x48, 1 | 2 | 1 << 2, 4);
        memset(ret + 0x50, 0x50, 64);
        memset(ret + 0x90, 0x90, 48);
        memset(ret + 0xc0, 0xc0, 32);
        memset(ret + 0xe0, 0xe0, 48);
        memset(ret + 0x110, 0x11, 48);
        memset(ret + 0x140, 0x14, 32);
        memset(ret + 0x160, 0x16, 32);
        put_le(ret + 0x180, MILAN_TCB, 8);
        if (version >= 3)
                put_le(ret + 0x188, 0x010119, 3);
        memset(ret + 0x1a0, 0x1a, 64);
        put_le(ret + 0x1e0, MILAN_TCB + 1, 8);
        put_le(ret + 0x1e8, 0x013704, 3);
        put_le(ret + 0x1ec, 0x013603, 3);
        put_le(ret + 0x1f0, MILAN_TCB + 2, 8);
        if (version >= 5) {
                put_le(ret + 0x1f8, 0xf8, 8);
                put_le(ret + 0x200, 0x102, 8);
        }
        memset(ret + 0x2a0, 0x2a, 48);
        memset(ret + 0x2e8, 0x2e, 48);
}

static void assert_filled(const void *bytes, size_t n, uint8_t value) {
        for (size_t i = 0; i < n; i++)
                assert_int_equal(((const uint8_t *)bytes)[i], value);
}

static void every_field_is_at_its_place(void **state) {
        for (uint32_t version = 2; version <= 5; version++) {
                uint8_t bytes[SNP_REPORT_SIZE];
                struct snp_report s;
                struct diag d = {};

                build(version, bytes);
                assert_int_equal(snp_report_parse(bytes, sizeof(bytes), &s, &d), 0);
                assert_int_equal(s.version, version);
                assert_int_equal(s.guest_svn, 7);
                assert_int_equal(s.policy, 0x3001f);
                assert_int_equal(s.vmpl, 2);
                assert_int_equal(s.signature_algorithm, 1);
                assert_int_equal(s.platform_info, 0x27);
                assert_true(s.author_key && s.chip_key_masked);
                assert_int_equal(s.signing_key, SNP_SIGNED_VLEK);
                assert_int_equal(s.product, version >= 3 ? SNP_MILAN : 0);
                assert_int_equal(s.stepping, version >= 3 ? 1 : 0);
                assert_true(s.reported_tcb == MILAN_TCB && s.committed_tcb == MILAN_TCB + 1);
                assert_true(s.launch_tcb == MILAN_TCB + 2 && s.current_tcb == MILAN_TCB + 3);
                assert_int_equal(s.current.major, 1);
                assert_int_equal(s.current.minor, 0x37);
                assert_int_equal(s.current.build, 4);
                assert_int_equal(s.committed.build, 3);
                assert_int_equal(s.launch_mitigations, version >= 5 ? 0xf8 : 0);
                assert_int_equal(s.current_mitigations, version >= 5 ? 0x102 : 0);
                assert_filled(s.family_id, sizeof(s.family_id), 0x10);
                assert_filled(s.image_id, sizeof(s.image_id), 0x20);
                assert_filled(s.report_data, sizeof(s.report_data), 0x50);
                assert_filled(s.measurement, sizeof(s.measurement), 0x90);
                assert_filled(s.host_data, sizeof(s.host_data), 0xc0);
                assert_filled(s.id_key_digest, sizeof(s.id_key_digest), 0xe0);
                assert_filled(s.author_key_digest, sizeof(s.author_key_digest), 0x11);
                assert_filled(s.report_id, sizeof(s.report_id), 0x14);
                assert_filled(s.report_id_ma, sizeof(s.report_id_ma), 0x16);
                assert_filled(s.chip_id, sizeof(s.chip_id), 0x1a);
                assert_filled(s.r, 48, 0x2a);
                assert_filled(s.s, 48, 0x2e);
                assert_ptr_equal(s.signed_part.bytes, bytes);
                assert_int_equal(s.signed_part.n, 0x2a0);
        }
}

static void unknown_versions_are_not_supported(void **state) {
        static const uint32_t versions[] = { 0, 1, 6, 0xffffffff };

        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
                uint8_t bytes[SNP_REPORT_SIZE];
                struct snp_report s;

                build(versions[i], bytes);
                assert_int_equal(snp_report_parse(bytes, sizeof(bytes), &s, NULL), -EOPNOTSUPP);
        }
}

/* Every byte that is reserved in that version, set alone. */
static void reserved_bytes_are_zero(void **state) {
        static const struct {
                uint32_t versions[2];
                size_t from, to;
        } rows[] = {
                { { 2, 5 }, 0x4c, 0x50 },
                { { 2, 2 }, 0x188, 0x1a0 },
                { { 3, 5 }, 0x18b, 0x1a0 },
                { { 2, 5 }, 0x1eb, 0x1ec },
                { { 2, 5 }, 0x1ef, 0x1f0 },
                { { 2, 4 }, 0x1f8, 0x2a0 },
                { { 5, 5 }, 0x208, 0x2a0 },
                { { 2, 5 }, 0x2a0 + 48, 0x2e8 },
                { { 2, 5 }, 0x2e8 + 48, 0x4a0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (uint32_t version = rows[i].versions[0]; version <= rows[i].versions[1]; version++)
                        for (size_t at = rows[i].from; at < rows[i].to; at++) {
                                uint8_t bytes[SNP_REPORT_SIZE];
                                struct snp_report s;

                                build(version, bytes);
                                bytes[at] = 0x80;
                                if (snp_report_parse(bytes, sizeof(bytes), &s, NULL) != -EBADMSG)
                                        fail_msg("version %u: byte 0x%zx is let pass", version, at);
                        }
}

static void flags_and_tcbs_have_no_other_bits(void **state) {
        static const struct change rows[] = {
                { 0x48, 4, 1 << 5, -EBADMSG, "SNP report: reserved bytes are not zero" },
                { 0x48, 4, 0x80000000, -EBADMSG, "SNP report: reserved bytes are not zero" },
                { 0x180, 8, 0x10000, -EBADMSG,
                        "SNP report: reserved bytes of the reported TCB, 0x0000000000010000, are not zero" },
                { 0x38, 8, UINT64_C(1) << 40, -EBADMSG,
                        "SNP report: reserved bytes of the current TCB, 0x0000010000000000, are not zero" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[SNP_REPORT_SIZE];
                struct snp_report s;
                struct diag d = {};

                build(3, bytes);
                put_le(bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(snp_report_parse(bytes, sizeof(bytes), &s, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
        }
}

/* Byte 3 of a TCB is used on Turin alone, byte 6 on Milan and Genoa; of a CPU that is not known, either. */
static void reserved_bytes_of_a_tcb_go_by_cpu(void **state) {
        static const struct {
                uint64_t cpu, tcb;
                int error;
        } rows[] = {
                { 0x000119, UINT64_C(0xff) << 48, 0 },
                { 0x000119, UINT64_C(0xff) << 24, -EBADMSG },
                { 0x001119, UINT64_C(0xff) << 48, 0 },
                { 0x001119, UINT64_C(0xff) << 24, -EBADMSG },
                { 0x00021a, UINT64_C(0xff) << 24, 0 },
                { 0x00021a, UINT64_C(0xff) << 48, -EBADMSG },
                { 0x00201a, UINT64_C(0xff0000ff000000), 0 },
                { 0x00201a, UINT64_C(0xff) << 32, -EBADMSG },
                { 0x00201a, UINT64_C(0xff) << 40, -EBADMSG },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                static const size_t places[] = { 0x38, 0x180, 0x1e0, 0x1f0 };

                for (size_t j = 0; j < sizeof(places) / sizeof(places[0]); j++) {
                        uint8_t bytes[SNP_REPORT_SIZE];
                        struct snp_report s;

                        build(3, bytes);
                        put_le(bytes + 0x188, rows[i].cpu, 3);
                        put_le(bytes + places[j], rows[i].tcb, 8);
                        assert_int_equal(snp_report_parse(bytes, sizeof(bytes), &s, NULL), rows[i].error);
                }
        }
}

static void the_size_is_exact(void **state) {
        uint8_t bytes[SNP_REPORT_SIZE + 1] = { 0 };
        struct snp_report s;
        struct diag d = {};

        build(2, bytes);
        assert_int_equal(snp_report_parse(bytes, sizeof(bytes), &s, &d), -EBADMSG);
        assert_string_equal(d.text, "SNP report: 1185 bytes, not 1184");
}

static void tcbs_are_read_by_product(void **state) {
        const uint64_t tcb = UINT64_C(0x8877000000030201);
        struct snp_tcb milan = snp_tcb_of(tcb & ~snp_tcb_reserved(SNP_MILAN), SNP_MILAN),
                       turin = snp_tcb_of(UINT64_C(0x8800000004030201), SNP_TURIN);

        assert_int_equal(milan.fmc, 0);
        assert_int_equal(milan.boot_loader, 1);
        assert_int_equal(milan.tee, 2);
        assert_int_equal(milan.snp, 0x77);
        assert_int_equal(milan.microcode, 0x88);
        assert_int_equal(turin.fmc, 1);
        assert_int_equal(turin.boot_loader, 2);
        assert_int_equal(turin.tee, 3);
        assert_int_equal(turin.snp, 4);
        assert_int_equal(turin.microcode, 0x88);
}

/* One component above is enough, whatever the others are. */
static void tcbs_are_compared_by_component(void **state) {
        const struct snp_tcb low = { 1, 1, 1, 1, 1 }, high = { 2, 2, 2, 2, 2 };

        assert_true(snp_tcb_at_most(&low, &low));
        assert_true(snp_tcb_at_most(&low, &high));
        for (size_t i = 0; i < sizeof(struct snp_tcb); i++) {
                uint8_t raw[sizeof(struct snp_tcb)] = { 0 };
                struct snp_tcb mixed;

                raw[i] = 2;
                memcpy(&mixed, raw, sizeof(mixed));
                assert_false(snp_tcb_at_most(&mixed, &low));
        }
}

static void products_are_known_by_cpu(void **state) {
        static const struct {
                uint8_t family, model;
                enum snp_product product;
        } rows[] = {
                { 0x19, 0x00, SNP_MILAN },
                { 0x19, 0x0f, SNP_MILAN },
                { 0x19, 0x10, SNP_GENOA },
                { 0x19, 0x1f, SNP_GENOA },
                { 0x19, 0x20, 0 },
                { 0x19, 0x9f, 0 },
                { 0x19, 0xa0, SNP_GENOA },
                { 0x19, 0xaf, SNP_GENOA },
                { 0x19, 0xb0, 0 },
                { 0x1a, 0x00, SNP_TURIN },
                { 0x1a, 0x11, SNP_TURIN },
                { 0x1a, 0x12, 0 },
                { 0x17, 0x01, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(snp_product_of(rows[i].family, rows[i].model), rows[i].product);
        assert_string_equal(snp_product_to_string(SNP_GENOA), "Genoa");
}

static int parse(const void *bytes, size_t n, struct diag *d) {
        struct snp_report s;

        return snp_report_parse(bytes, n, &s, d);
}

static void cut_off_it_is_refused(void **state) {
        uint8_t bytes[SNP_REPORT_SIZE];

        build(5, bytes);
        assert_cut_is_refused(bytes, sizeof(bytes), parse);
}

static void genuine_reports_are_read(void **state) {
        static const struct {
                const char *path;
                size_t offset;
                uint32_t version, vmpl;
                uint64_t policy, reported;
                const char *measurement; /* its first 16 digits */
        } rows[] = {
                { "go-sev-guest/attestation.bin", 0, 2, 0, 0xb0000, 0x4405000000000002, "b07af9620f3b839b" },
                { "confidential-sidecar-containers/snp_report.bin", 0, 2, 0, 0x3001f, 0x7308000000000003,
                        "51068107cdc7ee3d" },
                { "trustee/snp/test-report.bin", 0, 2, 0, 0x3001f, 0x7308000000000003, "a1f3930413247bb3" },
                { "trustee/snp/test-vlek-report.bin", 0, 3, 1, 0x30000, 0xd918000000000004,
                        "8922ebbdd00ec2c5" },
                { "trustee/az-snp-vtpm/hcl-report.bin", 32, 2, 0, 0x3001f, 0x7308000000000003,
                        "9ac48fcac8a2d88a" },
                { "azure-cvm-tooling/hcl-report-snp.bin", 32, 2, 0, 0x3001f, 0x7308000000000003,
                        "5a71e4ba7e0b83e4" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                struct snp_report s;
                struct diag d = {};

                assert_true(n >= rows[i].offset + SNP_REPORT_SIZE);
                assert_int_equal(snp_report_parse(bytes + rows[i].offset, SNP_REPORT_SIZE, &s, &d), 0);
                assert_int_equal(s.version, rows[i].version);
                assert_int_equal(s.vmpl, rows[i].vmpl);
                assert_true(s.policy == rows[i].policy);
                assert_true(s.reported_tcb == rows[i].reported);
                assert_hex(s.measurement, 8, rows[i].measurement);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_at_its_place),
        cmocka_unit_test(unknown_versions_are_not_supported),
        cmocka_unit_test(reserved_bytes_are_zero),
        cmocka_unit_test(flags_and_tcbs_have_no_other_bits),
        cmocka_unit_test(reserved_bytes_of_a_tcb_go_by_cpu),
        cmocka_unit_test(the_size_is_exact),
        cmocka_unit_test(tcbs_are_read_by_product),
        cmocka_unit_test(tcbs_are_compared_by_component),
        cmocka_unit_test(products_are_known_by_cpu),
        cmocka_unit_test(cut_off_it_is_refused),
        cmocka_unit_test(genuine_reports_are_read),
};

RUN(tests)
