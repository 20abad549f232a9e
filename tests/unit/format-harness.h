/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of wire formats share: building bytes, cutting them off, and genuine evidence. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "tests/unit/harness.h"

#ifndef VECTORS
#define VECTORS "" /* the build says where they are */
#endif
#define VECTOR_MAX ((size_t)1024 * 1024)

/* Writes the low n bytes of value at that place, the lowest first. */
static inline void put_le(uint8_t *at, uint64_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                at[i] = (uint8_t)(value >> 8 * i);
}

/* The same with the highest first. */
static inline void put_be(uint8_t *at, uint64_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                at[i] = (uint8_t)(value >> 8 * (n - 1 - i));
}

/* A change of good bytes, and what the parser must say of it. */
struct change {
        size_t offset, size;
        uint64_t value; /* little-endian, or big-endian by the test's own choice */
        int error;
        const char *says;
};

/* The bytes of digits; n of them. */
static inline void from_hex(const char *digits, void *ret, size_t n) {
        assert_int_equal(hex_parse_exactly(digits, ret, n), 0);
}

static inline void assert_hex(const void *bytes, size_t n, const char *expected) {
        _cleanup_(freep) char *text = malloc(2 * n + 1);

        assert_non_null(text);
        hex_format(bytes, n, text);
        assert_string_equal(text, expected);
}

/* Calls parse(bytes, n, d) with all lengths below n at their exact size: -EBADMSG with a reason for each. */
static inline void assert_cut_is_refused(const void *bytes, size_t n,
        int (*parse)(const void *bytes, size_t n, struct diag *d)) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(bytes, i);
                struct diag d = {};

                if (parse(cut, i, &d) != -EBADMSG)
                        fail_msg("%zu of %zu bytes are taken", i, n);
                assert_string_not_equal(d.text, "");
        }
}

/* A file of the folder of genuine evidence that the build was given; skips the test without one. */
static inline uint8_t *read_vector(const char *path, size_t *ret_n) {
        _cleanup_(freep) char *text = NULL;
        char whole[4096];

        if (VECTORS[0] == 0) {
                print_message("# no genuine evidence: configure with -Dvectors=DIR\n");
                skip();
        }
        snprintf(whole, sizeof(whole), "%s/%s", VECTORS, path);
        assert_int_equal(file_read_at(AT_FDCWD, whole, VECTOR_MAX, &text, ret_n), 0);
        return copy_exact(text, *ret_n);
}
