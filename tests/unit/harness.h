/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every test program needs: cmocka in the order it wants, TAP, foreign bytes at their exact size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"

/* The first n bytes in a heap block of that size (1 for 0), so that a sanitizer sees one byte over. Freed by
 * the test. */
static inline uint8_t *copy_exact(const void *bytes, size_t n) {
        uint8_t *copy = malloc(n ? n : 1);

        assert_non_null(copy);
        memcpy(copy, bytes, n);
        return copy;
}

/*
 * cmocka 1.1.5 says "not ok 1 # SKIP name" of a test that was skipped, and whoever reads TAP takes that for
 * a failure. It prints line by line, so each line passes through here alone.
 */
static inline ssize_t write_tap(void *cookie, const char *line, size_t n) {
        static const char failed[] = "not ok ", skipped[] = "# SKIP ";
        size_t cut = 0;

        if (n > strlen(failed) && memcmp(line, failed, strlen(failed)) == 0 &&
                memmem(line, n, skipped, strlen(skipped)))
                cut = strlen("not ");
        return write(STDOUT_FILENO, line + cut, n - cut) < 0 ? 0 : (ssize_t)n;
}

/* setup and teardown are of the whole program; either may be NULL. */
static inline int run_as_tap(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
        CMFixtureFunction teardown) {
        _cleanup_(fclosep) FILE *tap = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_tap });

        if (!tap || setvbuf(tap, NULL, _IOLBF, BUFSIZ) != 0)
                return 1;
        stdout = tap;
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return _cmocka_run_group_tests("tests", tests, n, setup, teardown);
}

#define RUN_WITH(tests, setup, teardown)                                                       \
        int main(void) {                                                                       \
                return run_as_tap(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown); \
        }
#define RUN(tests) RUN_WITH(tests, NULL, NULL)
