/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a snapshot means: the fixtures, and every way in which a channel or a device can be odd. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/base/file.h"
#include "lib/facts/guest.h"
#include "lib/facts/snapshot-text.h"

static struct snapshot *load(const char *name) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        struct snapshot *s;
        struct diag d = {};
        size_t n;

        assert_true(asprintf(&path, FIXTURES "/%s.snapshot", name) > 0);
        assert_int_equal(file_read_at(AT_FDCWD, path, SNAPSHOT_TEXT_MAX, &text, &n), 0);
        if (snapshot_parse(name, text, n, &s, &d) < 0)
                fail_msg("%s", d.text);
        return s;
}

static struct guest *guest_of(const char *name) {
        _cleanup_(snapshot_freep) struct snapshot *s = load(name);
        struct guest *g;

        assert_int_equal(guest_eval(s, &g), 0);
        return g;
}

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
                _cleanup_(guest_freep) struct guest *g = guest_of(rows[i].name);
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
