/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What vouches for the claims of a report. Collecting one is tested in front of a paravisor. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <openssl/evp.h>

#include "lib/evidence/hcl-collect.h"

static const uint8_t claims[] = "{\"claims\":true}";

static void test_report_data(void **state) {
        static const struct {
                enum hcl_report_type type;
                size_t offset, size; /* of the report data, of the hardware's report */
        } types[] = {
                { HCL_REPORT_SNP, 0x50, 1184 },
                { HCL_REPORT_TDX, 128, 1024 },
                { HCL_REPORT_VBS, 24, 0x230 },
        };
        static const struct {
                enum hcl_hash_type type;
                const char *name;
                size_t n;
        } hashes[] = {
                { HCL_HASH_SHA256, "SHA256", 32 },
                { HCL_HASH_SHA384, "SHA384", 48 },
                { HCL_HASH_SHA512, "SHA512", 64 },
        };

        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) * 3; i++) {
                size_t offset = types[i / 3].offset, n_hash = hashes[i % 3].n;
                _cleanup_(freep) uint8_t *hardware = calloc(1, types[i / 3].size);
                struct hcl_report report = {
                        .type = types[i / 3].type,
                        .hash_type = hashes[i % 3].type,
                        .hardware = { hardware, types[i / 3].size },
                        .claims = { claims, sizeof(claims) - 1 },
                };
                struct diag d;

                assert_int_equal(hcl_report_check(&report, &d), -EILSEQ);
                assert_int_equal(EVP_Q_digest(NULL, hashes[i % 3].name, NULL, claims, sizeof(claims) - 1,
                                         hardware + offset, NULL),
                        1);
                assert_int_equal(hcl_report_check(&report, &d), 0);
                for (size_t bit = 0; bit < 8 * 64; bit++) { /* of the hash, and of the zeroes behind it */
                        hardware[offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
                        assert_int_equal(hcl_report_check(&report, &d), -EILSEQ);
                        hardware[offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
                }
                report.claims.n--;
                assert_int_equal(hcl_report_check(&report, &d), -EILSEQ);
                report.claims.n++;
                report.hash_type = n_hash == 32 ? HCL_HASH_SHA384 : HCL_HASH_SHA256;
                assert_int_equal(hcl_report_check(&report, &d), -EILSEQ);
                report.hash_type = _HCL_HASH_TYPE_MAX;
                assert_int_equal(hcl_report_check(&report, &d), -EBADMSG);
                report.hash_type = HCL_HASH_SHA256;
                report.hardware.n = offset + 63;
                assert_int_equal(hcl_report_check(&report, &d), -EBADMSG);
        }
}

static void test_nothing_vouches_for_trusted_launch(void **state) {
        const struct hcl_report report = {
                .type = HCL_REPORT_TVM,
                .hash_type = HCL_HASH_SHA256,
                .claims = { claims, sizeof(claims) - 1 },
        };

        assert_int_equal(hcl_report_check(&report, NULL), 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_data),
        cmocka_unit_test(test_nothing_vouches_for_trusted_launch),
};

RUN(tests)
