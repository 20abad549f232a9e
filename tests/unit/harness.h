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

#define RUN(tests)                                                \
        int main(void) {                                          \
                cmocka_set_message_output(CM_OUTPUT_TAP);         \
                return cmocka_run_group_tests(tests, NULL, NULL); \
        }
