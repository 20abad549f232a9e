/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/hcl-report: every type, both request versions, and sizes that contradict each other. */
#include "lib/format/hcl-report.h"
#include "tests/unit/format-harness.h"

#define CLAIMS "{\"keys\":[]}"
#define N_CLAIMS 11
#define N_V1 (1236 + N_CLAIMS)
#define N_V2 (1240 + N_CLAIMS)
#define N_PADDED 1300

/* Zero padded up to N_PADDED. */
static void build(enum hcl_report_type type, unsigned request_version, uint8_t ret[N_PADDED]) {
        size_t extra = request_version == 2 ? 4 : 0;

        memset(ret, 0, N_PADDED);
        memcpy(ret, "HCLA", 4);
        put_le(ret + 4, 2, 4);
        put_le(ret + 8, N_V1 + extra, 4);
        put_le(ret + 12, 2, 4);
        put_le(ret + 1216, 20 + extra + N_CLAIMS, 4);
        put_le(ret + 1220, request_version, 4);
        put_le(ret + 1224, type, 4);
        put_le(ret + 1228, HCL_HASH_SHA256, 4);
        put_le(ret + 1232, N_CLAIMS, 4);
        if (extra)
                put_le(ret + 1236, 0x15, 4);
        memcpy(ret + 1236 + extra, CLAIMS, N_CLAIMS);
}

static void every_type_is_split_right(void **state) {
        static const struct {
                enum hcl_report_type type;
                size_t hardware;
                const char *name;
        } rows[] = {
                { HCL_REPORT_VBS, 0x230, "vbs" },
                { HCL_REPORT_SNP, 1184, "snp" },
                { HCL_REPORT_TVM, 0, "tvm" },
                { HCL_REPORT_TDX, 1024, "tdx" },
        };
        uint8_t bytes[N_PADDED];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hcl_report h = {};
                struct diag d = {};

                build(rows[i].type, 1, bytes);
                if (rows[i].hardware > 0)
                        bytes[32] = bytes[32 + rows[i].hardware - 1] = 0xab;
                assert_int_equal(hcl_report_parse(bytes, sizeof(bytes), &h, &d), 0);
                assert_int_equal(h.type, rows[i].type);
                assert_string_equal(hcl_report_type_to_string(h.type), rows[i].name);
                assert_int_equal(h.hardware.n, rows[i].hardware);
                assert_int_equal(h.hardware.n + h.padding.n, HCL_HARDWARE_REPORT_SIZE);
                assert_ptr_equal(h.claims.bytes, bytes + 1236);
                assert_int_equal(h.claims.n, N_CLAIMS);
                assert_int_equal(h.size, N_V1);
                assert_false(h.has_capabilities);
                if (rows[i].hardware == HCL_HARDWARE_REPORT_SIZE)
                        continue;
                bytes[32 + rows[i].hardware] = 1;
                assert_int_equal(hcl_report_parse(bytes, sizeof(bytes), &h, &d), -EBADMSG);
                assert_non_null(strstr(d.text, "within its field, are not zero"));
        }
}

static void request_version_two_has_capabilities(void **state) {
        uint8_t bytes[N_PADDED];
        struct hcl_report h;
        struct diag d = {};

        build(HCL_REPORT_SNP, 2, bytes);
        assert_int_equal(hcl_report_parse(bytes, N_V2, &h, &d), 0);
        assert_true(h.has_capabilities);
        assert_int_equal(h.capabilities, 0x15);
        assert_ptr_equal(h.claims.bytes, bytes + 1240);
        assert_memory_equal(h.claims.bytes, CLAIMS, N_CLAIMS);
}

static void contradictions_are_refused(void **state) {
        static const struct change rows[] = {
                { 0, 1, 'h', -EBADMSG, "HCL report: magic 0x414c4368, not \"HCLA\"" },
                { 4, 4, 3, -EBADMSG, "HCL report: version 3, 1 and 2 are known" },
                { 4, 4, 0, -EBADMSG, "HCL report: version 0, 1 and 2 are known" },
                { 8, 4, N_PADDED + 1, -EBADMSG, "HCL report: it claims 1301 bytes, of 1300 that are there" },
                { 8, 4, N_V1 - 1, -EBADMSG,
                        "HCL report: 1246 bytes as a whole contradict request data of 31" },
                { 8, 4, 0, -EBADMSG, "HCL report: 0 bytes as a whole contradict request data of 31" },
                { 12, 4, 1, -EBADMSG, "HCL report: request type 1, not that of an AK certificate" },
                { 16, 4, 7, -EBADMSG, "HCL report: status 7: the paravisor could not make it" },
                { 31, 1, 1, -EBADMSG, "HCL report: reserved bytes of the header are not zero" },
                { 1216, 4, 30, -EBADMSG, "HCL report: request data of 30 bytes cannot hold claims of 11" },
                { 1220, 4, 2, -EBADMSG, "HCL report: request data of 31 bytes cannot hold claims of 11" },
                { 1220, 4, 3, -EBADMSG, "HCL report: request version 3, 1 and 2 are known" },
                { 1224, 4, 0, -EBADMSG, "HCL report: report type 0 is not known" },
                { 1224, 4, 6, -EBADMSG, "HCL report: report type 6 is not known" },
                { 1224, 4, 5, -EOPNOTSUPP, "HCL report: no layout of a CCA report is known" },
                { 1228, 4, 0, -EBADMSG, "HCL report: hash type 0 is not known" },
                { 1228, 4, 4, -EBADMSG, "HCL report: hash type 4 is not known" },
                { 1232, 4, 0xffffffff, -EBADMSG,
                        "HCL report: request data of 31 bytes cannot hold claims of 4294967295" },
                { N_V1, 1, 1, -EBADMSG, "HCL report: bytes behind its end are not zero" },
                { N_PADDED - 1, 1, 1, -EBADMSG, "HCL report: bytes behind its end are not zero" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[N_PADDED];
                struct hcl_report h = {};
                struct diag d = {};

                build(HCL_REPORT_SNP, 1, bytes);
                put_le(bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(hcl_report_parse(bytes, sizeof(bytes), &h, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
                assert_int_equal(h.size, 0);
        }
}

static void claims_cannot_be_empty(void **state) {
        uint8_t bytes[N_PADDED];
        struct hcl_report h;
        struct diag d = {};

        build(HCL_REPORT_SNP, 1, bytes);
        put_le(bytes + 8, 1236, 4);
        put_le(bytes + 1216, 20, 4);
        put_le(bytes + 1232, 0, 4);
        memset(bytes + 1236, 0, N_CLAIMS);
        assert_int_equal(hcl_report_parse(bytes, sizeof(bytes), &h, &d), -EBADMSG);
        assert_string_equal(d.text, "HCL report: no runtime claims");
}

static int parse(const void *bytes, size_t n, struct diag *d) {
        struct hcl_report h;

        return hcl_report_parse(bytes, n, &h, d);
}

static void cut_off_it_is_refused(void **state) {
        uint8_t bytes[N_PADDED];

        build(HCL_REPORT_SNP, 1, bytes);
        assert_cut_is_refused(bytes, N_V1, parse);
        build(HCL_REPORT_TDX, 2, bytes);
        assert_cut_is_refused(bytes, N_V2, parse);
}

static void genuine_reports_are_read(void **state) {
        static const struct {
                const char *path;
                uint32_t version, size;
                enum hcl_report_type type;
                size_t claims;
        } rows[] = {
                { "trustee/az-snp-vtpm/hcl-report.bin", 1, 2346, HCL_REPORT_SNP, 1110 },
                { "trustee/az-tdx-vtpm/hcl-report.bin", 2, 2437, HCL_REPORT_TDX, 1201 },
                { "azure-cvm-tooling/hcl-report-snp.bin", 1, 1819, HCL_REPORT_SNP, 583 },
                { "azure-cvm-tooling/hcl-report-tdx.bin", 2, 2438, HCL_REPORT_TDX, 1202 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                struct hcl_report h;
                struct diag d = {};

                assert_int_equal(hcl_report_parse(bytes, n, &h, &d), 0);
                assert_int_equal(h.version, rows[i].version);
                assert_int_equal(h.size, rows[i].size);
                assert_int_equal(h.type, rows[i].type);
                assert_int_equal(h.hash_type, HCL_HASH_SHA256);
                assert_int_equal(h.claims.n, rows[i].claims);
                assert_cut_is_refused(bytes, rows[i].size, parse);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_split_right),
        cmocka_unit_test(request_version_two_has_capabilities),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(claims_cannot_be_empty),
        cmocka_unit_test(cut_off_it_is_refused),
        cmocka_unit_test(genuine_reports_are_read),
};

RUN(tests)
