/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The recorded guests of tests/fixtures, and snapshots written down within a test. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/base/file.h"
#include "lib/facts/guest.h"
#include "lib/facts/snapshot-text.h"

#ifndef FIXTURES
#define FIXTURES "tests/fixtures" /* from the top of the tree; the build says where that is */
#endif

static const char *const fixture_names[] = {
        "hyperv-plain",
        "not-hyperv",
        "snp-compliant",
        "snp-layers",
        "snp-no-cvmbus",
        "snp-openhcl",
        "snp-root-plain",
        "tdx-openhcl",
};
#define N_FIXTURES (sizeof(fixture_names) / sizeof(fixture_names[0]))

/* The caller frees it. */
static inline struct snapshot *snapshot_of_text(const char *name, const char *text, size_t n) {
        struct snapshot *s = NULL;
        struct diag d = {};

        if (snapshot_parse(name, text, n, &s, &d) < 0)
                fail_msg("%s", d.text);
        return s;
}

static inline struct snapshot *fixture_load(const char *name) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        size_t n;

        assert_true(asprintf(&path, FIXTURES "/%s.snapshot", name) > 0);
        assert_int_equal(file_read_at(AT_FDCWD, path, SNAPSHOT_TEXT_MAX, &text, &n), 0);
        return snapshot_of_text(name, text, n);
}

/* The guest of a snapshot that consists of these lines. The caller frees it. */
static inline struct guest *guest_of_lines(const char *lines) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(freep) char *text = NULL;
        struct guest *g = NULL;
        int n = asprintf(&text, "cvmd-snapshot 1\n%send\n", lines);

        assert_true(n > 0);
        s = snapshot_of_text("lines", text, (size_t)n);
        assert_int_equal(guest_eval(s, &g), 0);
        return g;
}

static inline struct guest *fixture_guest(const char *name) {
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load(name);
        struct guest *g = NULL;

        assert_int_equal(guest_eval(s, &g), 0);
        return g;
}
