/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a snapshot means: the fixtures, and every way in which a channel or a device can be odd. */
#include "tests/unit/fixture.h"

#include <errno.h>

static void fixtures_say_what_they_are(void **state) {
        static const struct {
                const char *name, *type, *mode;
                unsigned version;
                enum tristate available;
                size_t devices, plain, warnings;
        } rows[] = {
                { "snp-openhcl", "snp", "paravisor", 6, TRISTATE_YES, 6, 1, 1 },
                { "snp-compliant", "snp", "paravisor", 6, TRISTATE_YES, 5, 0, 0 },
                { "tdx-openhcl", "tdx", "paravisor", 6, TRISTATE_YES, 5, 0, 0 },
                { "snp-root-plain", "snp", "paravisor", 6, TRISTATE_YES, 6, 1, 0 },
                { "snp-no-cvmbus", "snp", "paravisor", 5, TRISTATE_NO, 5, 5, 1 },
                { "hyperv-plain", "none", "unknown", 5, TRISTATE_NO, 11, 11, 0 },
                { "not-hyperv", "none", "unknown", 0, TRISTATE_NO, 0, 0, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(rows[i].name);
                size_t plain = 0;

                for (size_t j = 0; j < g->n_devices; j++) {
                        assert_null(g->devices[j].problem);
                        assert_int_not_equal(g->devices[j].ring, CONFIDENTIALITY_UNKNOWN);
                        if (g->devices[j].ring == CONFIDENTIALITY_PLAIN)
                                plain++;
                }
                assert_string_equal(isolation_type_to_string(g->isolation.type), rows[i].type);
                assert_string_equal(isolation_mode_to_string(g->isolation.mode), rows[i].mode);
                assert_int_equal(g->vmbus_major, rows[i].version);
                assert_int_equal(g->isolation.confidential_vmbus, rows[i].available);
                assert_int_equal(g->isolation.problems, 0);
                assert_int_equal(g->n_devices, rows[i].devices);
                assert_int_equal(plain, rows[i].plain);
                assert_int_equal(g->n_warnings, rows[i].warnings);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixtures_say_what_they_are),
};

RUN(tests)
