/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between foreign text and a terminal: text, table, json-print. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include "cli/json-print.h"
#include "cli/table.h"
#include "cli/text.h"
#include "lib/base/json-build.h"

static void assert_text(const char *foreign, const char *harmless, size_t columns) {
        _cleanup_(freep) char *s = NULL;
        size_t n = SIZE_MAX;

        assert_int_equal(text_new(foreign, &s, &n), 0);
        assert_string_equal(s, harmless);
        assert_int_equal(n, columns);
}

static void text_lets_nothing_move_the_cursor(void **state) {
        assert_text(NULL, "", 0);
        assert_text("hv_netvsc \"x\"", "hv_netvsc \"x\"", 13);
        assert_text("a\nb\033[2J\r\t\x7f", "a\\x0ab\\x1b[2J\\x0d\\x09\\x7f", 25);
        assert_text("\\x41", "\\\\x41", 5);                 /* not to be taken for an escape */
        assert_text("\xff\xfe\xc3", "\\xff\\xfe\\xc3", 12); /* no UTF-8, and one cut short */
        assert_text("\xc2\x9b"
                    "31m",
                "\\xc2\\x9b31m", 11); /* a control sequence in eight bits */
        assert_text("a\xe2\x80\xae"
                    "b",
                "a\\xe2\\x80\\xaeb", 14); /* turns the direction of text */
}

static void text_keeps_what_people_read(void **state) {
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                skip();
        assert_text("über", "über", 4);
        assert_text("磁盘", "磁盘", 4); /* two columns each */
        assert_int_equal(text_clip("über", 1), 2);
        assert_int_equal(text_clip("磁盘", 3), 3);
        assert_int_equal(text_clip("abc", 80), 3);
        assert_int_equal(text_clip("abc", 0), 0);
}

static const char *const headings[] = { "INSTANCE", "CLASS", "RULE" };

static char *print_table(unsigned columns, bool legend) {
        struct options options = {};
        struct terminal terminal = { .columns = columns };
        struct output out;
        struct table t;
        char *printed;

        options.given[OPTION_NO_LEGEND] = !legend;
        assert_int_equal(output_init(&out, &terminal, &options), 0);
        table_init(&t, headings, 3);
        table_add_brief(&t, COLOUR_NONE, "f8615163-df3e-46c5-913f-f2d2f965ed0e", "f8615163");
        table_add(&t, COLOUR_BAD, "network");
        table_add(&t, COLOUR_NONE, "payload-private");
        table_add_brief(&t, COLOUR_NONE, "00000000-0000-8899-0000-000000000000", "00000000");
        table_add(&t, COLOUR_NONE, "a\nb");
        table_add(&t, COLOUR_NONE, NULL);
        assert_int_equal(table_print(&t, &out), 0);
        fflush(out.f);
        printed = strdup(out.buffer);
        table_done(&t);
        output_done(&out);
        return printed;
}

static void table_prints_whole_rows_where_there_is_no_terminal(void **state) {
        _cleanup_(freep) char *printed = print_table(0, true), *bare = print_table(0, false);

        assert_string_equal(printed,
                "INSTANCE                              CLASS    RULE\n"
                "f8615163-df3e-46c5-913f-f2d2f965ed0e  network  payload-private\n"
                "00000000-0000-8899-0000-000000000000  a\\x0ab   -\n");
        assert_string_equal(bare, strchr(printed, '\n') + 1);
}

static void table_gets_brief_and_then_cut(void **state) {
        _cleanup_(freep) char *wide = print_table(62, true), *brief = print_table(61, true),
                              *cut = print_table(24, true);

        assert_non_null(strstr(wide, "f8615163-df3e-46c5-913f-f2d2f965ed0e  network  payload-private\n"));
        assert_non_null(strstr(brief, "f8615163  network  payload-private\n"));
        assert_non_null(strstr(cut, "f8615163  network  payl…\n"));
        assert_non_null(strstr(cut, "INSTANCE  CLASS    RULE\n"));
}

static void json_print_is_ascii(void **state) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        _cleanup_(freep) char *text = NULL;
        size_t n;
        FILE *f = open_memstream(&text, &n);

        assert_true(json_add_text(o, "a", "\x7f\xc2\x9bü磁\xf0\x9f\x94\x92/\xff\"\n"));
        assert_true(json_print(f, o, 0));
        fclose(f);
        assert_string_equal(text, "{\"a\":\"\\u007f\\u009b\\u00fc\\u78c1\\ud83d\\udd12/\\ufffd\\\"\\n\"}");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lets_nothing_move_the_cursor),
        cmocka_unit_test(text_keeps_what_people_read),
        cmocka_unit_test(table_prints_whole_rows_where_there_is_no_terminal),
        cmocka_unit_test(table_gets_brief_and_then_cut),
        cmocka_unit_test(json_print_is_ascii),
};

int main(void) {
        setlocale(LC_CTYPE,
                "C.UTF-8"); /* in the C locale all of UTF-8 is escaped, which the tests say, too */
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
