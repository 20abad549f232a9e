/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a guest is isolated: each source, and each way in which two of them can contradict each other. */
#include "tests/unit/fixture.h"

#include "lib/facts/isolation.h"

#define AMD "cpuid 0 0 10 68747541 444d4163 69746e65\n"
#define INTEL "cpuid 0 0 1f 756e6547 6c65746e 49656e69\n"
#define GUEST "cpuid 1 0 0 0 80000000 0\n"
#define BARE "cpuid 1 0 0 0 0 0\n"
#define MICROSOFT(highest) "cpuid 40000000 0 " highest " 7263694d 666f736f 76482074\n"
#define HV1 "cpuid 40000001 0 31237648 0 0 0\n"
#define HYPERV GUEST MICROSOFT("4000000c") HV1
#define ISOLATED "cpuid 40000003 0 0 00400000 0 0\n"
#define NOT_ISOLATED "cpuid 40000003 0 0 0 0 0\n"
#define ROOT "cpuid 40000003 0 0 00401000 0 0\n"
#define CONFIG(a, b) "cpuid 4000000c 0 " a " " b " 0 0\n"
#define STACK "cpuid 40000080 0 40000082 7263694d 666f736f 53562074\ncpuid 40000081 0 31235356 0 0 0\n"
#define AVAILABLE "cpuid 40000082 0 8 0 0 0\n"
#define NOT_AVAILABLE "cpuid 40000082 0 7 0 0 0\n"
#define LOGGED(a, b) "kmsg \"Hyper-V: Isolation Config: Group A " a ", Group B " b "\"\n"
#define CONNECTED "kmsg \"hv_vmbus: Establishing connection to the confidential VMBus\"\n"
#define SNP AMD HYPERV ISOLATED CONFIG("1", "ba2")

static struct isolation of_lines(const char *lines) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(lines);

        return g->isolation;
}

static void each_guest_is_what_it_says(void **state) {
        static const struct {
                const char *lines, *type, *mode, *scheme;
                unsigned bits;
                enum tristate available;
                const char *source;
        } rows[] = {
                { SNP STACK AVAILABLE, "snp", "paravisor", "vtom", 46, TRISTATE_YES, "cpuid" },
                { "recorded cpuid\n" SNP STACK AVAILABLE, "snp", "paravisor", "vtom", 46, TRISTATE_YES,
                        "recorded" },
                { SNP STACK NOT_AVAILABLE, "snp", "paravisor", "vtom", 46, TRISTATE_NO, "cpuid" },
                { SNP "cpuid 40000082 0 0 0 0 0\n", "snp", "paravisor", "vtom", 46, TRISTATE_NO, "cpuid" },
                { SNP, "snp", "paravisor", "vtom", 46, TRISTATE_UNKNOWN, "cpuid" },
                { SNP LOGGED("0x1", "0xba2"), "snp", "paravisor", "vtom", 46, TRISTATE_UNKNOWN, "cpuid" },
                { AMD HYPERV ISOLATED CONFIG("0", "2"), "snp", "enlightened", "c-bit", 0, TRISTATE_UNKNOWN,
                        "cpuid" },
                { INTEL HYPERV ISOLATED CONFIG("1", "be3"), "tdx", "paravisor", "vtom", 47, TRISTATE_UNKNOWN,
                        "cpuid" },
                { INTEL HYPERV ISOLATED CONFIG("0", "3"), "tdx", "enlightened", "shared-bit", 0,
                        TRISTATE_UNKNOWN, "cpuid" },
                { INTEL HYPERV ISOLATED CONFIG("1", "ba1"), "vbs", "paravisor", "vtom", 46, TRISTATE_UNKNOWN,
                        "cpuid" },
                { AMD HYPERV ISOLATED CONFIG("0", "1"), "vbs", "enlightened", "none", 0, TRISTATE_UNKNOWN,
                        "cpuid" },
                { AMD HYPERV ISOLATED CONFIG("1", "0"), "none", "unknown", "none", 0, TRISTATE_UNKNOWN,
                        "cpuid" },
                { AMD HYPERV NOT_ISOLATED CONFIG("1", "ba2"), "none", "unknown", "none", 0, TRISTATE_UNKNOWN,
                        "cpuid" },
                { AMD GUEST MICROSOFT("40000005") HV1 NOT_ISOLATED, "none", "unknown", "none", 0,
                        TRISTATE_UNKNOWN, "cpuid" },
                { AMD BARE, "none", "unknown", "none", 0, TRISTATE_NO, "cpuid" },
                { AMD GUEST "cpuid 40000000 0 40000001 4b4d564b 564b4d56 4d\n", "none", "unknown", "none", 0,
                        TRISTATE_NO, "cpuid" },
                /* without CPUID */
                { "", "unknown", "unknown", "unknown", 0, TRISTATE_UNKNOWN, "none" },
                { LOGGED("0x1", "0xba2"), "snp", "paravisor", "vtom", 46, TRISTATE_UNKNOWN, "dmesg" },
                { "symlink sys/bus/platform/devices/arm-cca-dev ../../../devices/platform/arm-cca-dev\n",
                        "cca", "unknown", "unknown", 0, TRISTATE_UNKNOWN, "device-tree" },
                { "symlink sys/bus/platform/devices/bus:vmbus ../../../devices/platform/bus:vmbus\n",
                        "unknown", "unknown", "unknown", 0, TRISTATE_UNKNOWN, "device-tree" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct isolation got = of_lines(rows[i].lines);

                assert_string_equal(isolation_type_to_string(got.type), rows[i].type);
                assert_string_equal(isolation_mode_to_string(got.mode), rows[i].mode);
                assert_string_equal(encryption_scheme_to_string(got.scheme), rows[i].scheme);
                assert_int_equal(got.boundary_bits, rows[i].bits);
                assert_int_equal(got.boundary_active, rows[i].bits > 0);
                assert_int_equal(got.confidential_vmbus, rows[i].available);
                assert_string_equal(isolation_source_to_string(got.source), rows[i].source);
                assert_int_equal(got.problems, 0);
        }
}

static void each_contradiction_is_a_problem(void **state) {
        static const struct {
                const char *lines;
                unsigned problem;
                const char *type; /* what is left of the answer */
        } rows[] = {
                { INTEL HYPERV ISOLATED CONFIG("1", "ba2"), ISOLATION_PROBLEM_VENDOR, "unknown" },
                { AMD HYPERV ISOLATED CONFIG("1", "be3"), ISOLATION_PROBLEM_VENDOR, "unknown" },
                { AMD HYPERV ISOLATED CONFIG("1", "4"), ISOLATION_PROBLEM_VENDOR, "unknown" },
                { AMD HYPERV ISOLATED CONFIG("1", "5"), ISOLATION_PROBLEM_TYPE, "unknown" },
                { AMD HYPERV ISOLATED CONFIG("1", "f"), ISOLATION_PROBLEM_TYPE, "unknown" },
                { AMD HYPERV ISOLATED, ISOLATION_PROBLEM_LEAF, "unknown" },
                { AMD GUEST MICROSOFT("40000005") HV1 ISOLATED CONFIG("1", "ba2"), ISOLATION_PROBLEM_LEAF,
                        "unknown" },
                { AMD HYPERV ROOT CONFIG("1", "ba2"), ISOLATION_PROBLEM_ROOT, "unknown" },
                { SNP AVAILABLE, ISOLATION_PROBLEM_VS, "snp" },
                { SNP "cpuid 40000080 0 40000082 7263694d 666f736f 53562074\n" AVAILABLE,
                        ISOLATION_PROBLEM_VS, "snp" },
                { SNP "cpuid 40000080 0 40000081 7263694d 666f736f 53562074\ncpuid 40000081 0 31235356 0 0 "
                      "0\n" AVAILABLE,
                        ISOLATION_PROBLEM_VS, "snp" },
                { SNP LOGGED("0x0", "0xba2"), ISOLATION_PROBLEM_DMESG, "unknown" },
                { SNP LOGGED("0x1", "0xbe3"), ISOLATION_PROBLEM_DMESG, "unknown" },
                { AMD HYPERV NOT_ISOLATED LOGGED("0x1", "0xba2"), ISOLATION_PROBLEM_DMESG, "unknown" },
                { AMD BARE LOGGED("0x1", "0xba2"), ISOLATION_PROBLEM_DMESG, "unknown" },
                { SNP STACK NOT_AVAILABLE CONNECTED, ISOLATION_PROBLEM_CONNECTION, "snp" },
                { SNP STACK NOT_AVAILABLE "connection version=6.0 confidential=yes kernel-support=yes\n",
                        ISOLATION_PROBLEM_CONNECTION, "snp" },
                { AMD GUEST MICROSOFT("4000000c") ISOLATED CONFIG("1", "ba2"), ISOLATION_PROBLEM_SIGNATURE,
                        "unknown" },
                { AMD GUEST HV1, ISOLATION_PROBLEM_SIGNATURE, "unknown" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(guest_freep) struct guest *g = guest_of_lines(rows[i].lines);

                assert_int_equal(g->isolation.problems, rows[i].problem);
                assert_string_equal(isolation_type_to_string(g->isolation.type), rows[i].type);
                assert_int_not_equal(g->isolation.confidential_vmbus, TRISTATE_YES);
                assert_non_null(strstr(g->warnings[0], isolation_problem_text(rows[i].problem)));
        }
}

static void a_root_partition_is_told_apart(void **state) {
        struct isolation root = of_lines(AMD HYPERV "cpuid 40000003 0 0 00001000 0 0\n");

        assert_true(root.root_partition);
        assert_int_equal(root.type, ISOLATION_NONE);
        assert_false(of_lines(SNP).root_partition);
}

static void every_problem_has_one_text(void **state) {
        for (unsigned bit = 0; bit < 8; bit++)
                assert_non_null(isolation_problem_text(1u << bit));
        assert_null(isolation_problem_text(0));
        assert_null(isolation_problem_text(3));
        assert_null(isolation_problem_text(1u << 8));
}

static void words_are_read_back(void **state) {
        for (int t = 0; t < _ISOLATION_TYPE_MAX; t++)
                assert_int_equal(isolation_type_from_string(isolation_type_to_string(t)), t);
        assert_true(isolation_type_from_string("SNP") < 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_guest_is_what_it_says),
        cmocka_unit_test(each_contradiction_is_a_problem),
        cmocka_unit_test(a_root_partition_is_told_apart),
        cmocka_unit_test(every_problem_has_one_text),
        cmocka_unit_test(words_are_read_back),
};

RUN(tests)
