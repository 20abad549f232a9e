/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/ascii: what is looked at many characters at a time, beside looking at one after the other. */
#include <stdbool.h>
#include <string.h>

#include "lib/base/ascii.h"
#include "tests/unit/harness.h"

#define LENGTH_MAX 40 /* two blocks, and some more */

static bool is_ascii(uint8_t c) {
        return c > 0 && c < 0x80;
}

static bool is_plain(uint8_t c) {
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Every byte at every place of every length, once at the end of what may be read. */
static void runs_end_where_they_must(void **state) {
        for (size_t n = 0; n <= LENGTH_MAX; n++) {
                _cleanup_(freep) uint8_t *text = copy_exact("a ~[]^!#AZ09a ~[]^!#AZ09a ~[]^!#AZ09a ~[", n);

                assert_int_equal(ascii_run((char *)text, n), n);
                assert_int_equal(ascii_plain_run((char *)text, n), n);
                for (size_t place = 0; place < n; place++)
                        for (unsigned c = 0; c < 256; c++) {
                                uint8_t before = text[place];

                                text[place] = (uint8_t)c;
                                assert_int_equal(ascii_run((char *)text, n),
                                        is_ascii((uint8_t)c) ? n : place);
                                assert_int_equal(ascii_plain_run((char *)text, n),
                                        is_plain((uint8_t)c) ? n : place);
                                text[place] = before;
                        }
        }
}

/* Of two that end a run, the first does. */
static void the_first_ends_the_run(void **state) {
        char text[LENGTH_MAX];

        for (size_t first = 0; first < LENGTH_MAX; first++)
                for (size_t second = first; second < LENGTH_MAX; second++) {
                        memset(text, 'x', sizeof(text));
                        text[second] = 0;
                        text[first] = '\xff';
                        assert_int_equal(ascii_run(text, sizeof(text)), first);
                        assert_int_equal(ascii_plain_run(text, sizeof(text)), first);
                }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_end_where_they_must),
        cmocka_unit_test(the_first_ends_the_run),
};
RUN(tests)
