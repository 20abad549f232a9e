/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/json-scan and utf8: what is taken, what is refused, and where it says so. */
#include <stdio.h>

#include "lib/base/json-scan.h"
#include "lib/base/utf8.h"
#include "tests/unit/harness.h"

/* The same bytes at their exact size, so that a sanitizer sees one byte over. */
static struct json_document *scan(const char *text, size_t n) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);
        struct json_document *d = NULL;

        assert_int_equal(json_scan((const char *)exact, n, &d), 0);
        assert_non_null(d);
        return d;
}

static struct json_document *scan_good(const char *text) {
        struct json_document *d = scan(text, strlen(text));

        if (d->problems)
                fail_msg("%s: %u:%u %s", text, d->problems->at.line, d->problems->at.column,
                        d->problems->message);
        assert_non_null(d->root);
        return d;
}

static void values_keep_their_places(void **state) {
        _cleanup_(json_document_freep) struct json_document *d =
                scan_good("// first\n"
                          "{ \"a\": [1, -7, true],\n"
                          "  /* über\n"
                          "     zwei */ \"ä\": null, \"c\": \"x\" }\n");
        const struct json_node *a = json_member(d->root, "a"), *n = json_member(d->root, "ä");
        const struct json_node *c = json_member(d->root, "c");

        assert_int_equal(d->root->kind, JSON_OBJECT);
        assert_int_equal(d->root->n_children, 3);
        assert_int_equal(d->root->at.line, 2);
        assert_int_equal(d->root->at.column, 1);
        assert_int_equal(a->kind, JSON_LIST);
        assert_int_equal(a->key_at.column, 3);
        assert_int_equal(a->at.column, 8);
        assert_int_equal(a->children->integer, 1);
        assert_int_equal(a->children->next->integer, -7);
        assert_int_equal(a->children->next->at.column, 12);
        assert_true(a->children->next->next->boolean);
        assert_null(a->children->next->next->next);
        assert_int_equal(n->kind, JSON_NULL);
        assert_int_equal(n->key_at.line, 4);
        assert_int_equal(n->key_at.column, 14);
        assert_int_equal(n->at.column, 19); /* characters, not bytes */
        assert_string_equal(c->string, "x");
        assert_null(json_member(d->root, "b"));
}

static void strings_are_decoded(void **state) {
        static const struct {
                const char *text, *string;
        } rows[] = {
                { "\"\"", "" },
                { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
                { "\"\\u0041\\u00e4\\u20AC\"", "A\xc3\xa4\xe2\x82\xac" },
                { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
                { "\"\\ue000\"", "\xee\x80\x80" },
                { "\"a // b /* c */\"", "a // b /* c */" },
                { "\"\x7f\"", "\x7f" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(json_document_freep) struct json_document *d = scan_good(rows[i].text);

                assert_int_equal(d->root->kind, JSON_STRING);
                assert_string_equal(d->root->string, rows[i].string);
        }
}

static void integers_are_exact(void **state) {
        static const struct {
                const char *text;
                int64_t value;
        } rows[] = {
                { "0", 0 },
                { "-0", 0 },
                { "9007199254740991", JSON_INTEGER_MAX },
                { "-9007199254740991", -JSON_INTEGER_MAX },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(json_document_freep) struct json_document *d = scan_good(rows[i].text);

                assert_int_equal(d->root->kind, JSON_INTEGER);
                assert_int_equal(d->root->integer, rows[i].value);
        }
}

/* What json-c and others let pass, and what nobody should: with the place, and a word of the cure. */
static void the_rest_is_refused(void **state) {
        static const struct {
                const char *text;
                unsigned line, column;
                const char *says;
        } rows[] = {
                { "", 1, 1, "ends here" },
                { " \n ", 2, 2, "ends here" },
                { "{\"a\":1}}", 1, 8, "follows the end" },
                { "{} {}", 1, 4, "follows the end" },
                { "'a'", 1, 1, "double quotes" },
                { "{'a':1}", 1, 2, "double quotes" },
                { "{a:1}", 1, 2, "key in double quotes" },
                { "{\"a\" 1}", 1, 6, "colon" },
                { "{\"a\":}", 1, 6, "value" },
                { "{\"a\":1,}", 1, 8, "remove the comma" },
                { "[1,]", 1, 4, "remove the comma" },
                { "[1 2]", 1, 4, "a comma or ]" },
                { "{\"a\":1 \"b\":2}", 1, 8, "a comma or }" },
                { "[1}", 1, 3, "a comma or ]" },
                { "[,1]", 1, 2, "value" },
                { "NaN", 1, 1, "value" },
                { "Infinity", 1, 1, "value" },
                { "-Infinity", 1, 2, "digit" },
                { "True", 1, 1, "value" },
                { "nulll", 1, 5, "follows the end" },
                { "+1", 1, 1, "value" },
                { "01", 1, 2, "leading zero" },
                { "-", 1, 2, "digit" },
                { "0x10", 1, 2, "follows the end" },
                { "1.5", 1, 2, "whole" },
                { "1e3", 1, 2, "whole" },
                { "9007199254740992", 1, 1, "too large" },
                { "[ -9007199254740992]", 1, 3, "too large" },
                { "99999999999999999999999999999999999999", 1, 1, "too large" },
                { "\"a", 1, 3, "closing double quote" },
                { "\"a\nb\"", 1, 3, "never closed" },
                { "\"a\tb\"", 1, 3, "control character" },
                { "\"\\x\"", 1, 3, "unknown escape" },
                { "\"\\u12g4\"", 1, 6, "four hexadecimal" },
                { "\"\\u0000\"", 1, 8, "\\u0000" },
                { "\"\\ud800\"", 1, 8, "surrogate" },
                { "\"\\ud800\\u0041\"", 1, 14, "surrogate" },
                { "\"\\udc00\"", 1, 8, "surrogate" },
                { "/* a", 1, 1, "never closed" },
                { "1 /", 1, 3, "follows the end" },
                { "# x\n1", 1, 1, "value" },
                { "\xef\xbb\xbf{}", 1, 1, "byte order mark" },
                { "\"\xc3\"", 1, 2, "not UTF-8" },
                { "// \xff\n1", 1, 4, "not UTF-8" },
                { "\"\xc0\xaf\"", 1, 2, "not UTF-8" },
                { "\"\xed\xa0\x80\"", 1, 2, "not UTF-8" },
                { "\xc2\xa0 1", 1, 1, "U+00A0" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(json_document_freep) struct json_document *d =
                        scan(rows[i].text, strlen(rows[i].text));

                assert_null(d->root);
                assert_non_null(d->problems);
                assert_null(d->problems->next); /* one is enough: the rest would follow from it */
                if (d->problems->at.line != rows[i].line || d->problems->at.column != rows[i].column ||
                        !strstr(d->problems->message, rows[i].says))
                        fail_msg("%s: %u:%u %s", rows[i].text, d->problems->at.line, d->problems->at.column,
                                d->problems->message);
        }
}

static void a_nul_is_refused_wherever_it_is(void **state) {
        static const char text[] = "{ \"a\": 1 }";

        for (size_t i = 0; i < sizeof(text); i++) {
                _cleanup_(json_document_freep) struct json_document *d = NULL;
                char with_nul[sizeof(text)];

                memcpy(with_nul, text, i);
                with_nul[i] = 0;
                memcpy(with_nul + i + 1, text + i, sizeof(text) - 1 - i);
                d = scan(with_nul, sizeof(with_nul));
                assert_null(d->root);
                assert_non_null(strstr(d->problems->message, "NUL"));
                assert_int_equal(d->problems->at.column, i + 1);
        }
}

static void duplicates_are_all_told(void **state) {
        _cleanup_(json_document_freep) struct json_document *d = NULL;
        static const char text[] = "{\"a\":1,\"b\":{\"c\":1,\"c\":2},\n\"a\":2,\"\\u0061\":3}";
        unsigned n = 0;

        d = scan(text, strlen(text));
        assert_non_null(d->root); /* the rest of the file can still be checked */
        for (const struct json_problem *p = d->problems; p; p = p->next, n++)
                assert_non_null(strstr(p->message, "before, at "));
        assert_int_equal(n, 3);
        /* only the first of each stays: whoever reads the tree meets no key twice */
        assert_int_equal(d->root->n_children, 2);
        assert_int_equal(json_member(d->root, "a")->integer, 1);
        assert_ptr_equal(d->root->children->next, json_member(d->root, "b"));
        assert_null(d->root->children->next->next);
        assert_int_equal(json_member(d->root, "b")->n_children, 1);
}

static void depth_is_bounded(void **state) {
        char text[2 * (JSON_DEPTH_MAX + 1) + 1] = "";

        for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
                _cleanup_(json_document_freep) struct json_document *d = NULL;

                memset(text, '[', depth);
                memset(text + depth, ']', depth);
                d = scan(text, 2 * depth);
                assert_int_equal(d->root != NULL, depth <= JSON_DEPTH_MAX);
                if (!d->root)
                        assert_non_null(strstr(d->problems->message, "deep"));
        }
}

static void cut_anywhere_it_is_refused(void **state) {
        static const char text[] =
                "{\"a\":[1,\"\\ud83d\\ude00\xc3\xa4\"],/* x */\"b\":{\"c\":true,\"d\":null}}";

        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                _cleanup_(json_document_freep) struct json_document *d = scan(text, n);

                assert_null(d->root);
                assert_non_null(d->problems);
        }
}

/* Quadratic work would show as a test that never ends. */
static void very_many_keys_are_read(void **state) {
        enum { MANY = 200000 };
        _cleanup_(json_document_freep) struct json_document *d = NULL;
        _cleanup_(freep) char *text = malloc(MANY * 12 + 2);
        size_t n = 0;

        assert_non_null(text);
        for (unsigned i = 0; i < MANY; i++)
                n += (size_t)snprintf(text + n, 13, "%c\"%07u\":1", i == 0 ? '{' : ',', i);
        text[n++] = '}';
        text[n] = 0;
        d = scan_good(text);
        assert_int_equal(d->root->n_children, MANY);
}

/* Strings are read a word at a time: whatever is not plain must be seen at every place of every length. */
static void odd_characters_are_seen_at_every_place(void **state) {
        static const struct {
                const char *written, *read; /* NULL: refused */
                unsigned columns;
        } odd[] = {
                { "\\\"", "\"", 2 },
                { "\\\\", "\\", 2 },
                { "\\\\\\\"", "\\\"", 4 }, /* a backslash, then a quote */
                { "\\u00e4", "ä", 6 },
                { "ä", "ä", 1 },
                { "\x7f", "\x7f", 1 },
                { "\x1f", NULL, 0 },
                { "\n", NULL, 0 },
                { "\x80", NULL, 0 },
        };
        static const char before[] = "........................................";
        static const char behind[] = "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~";

        for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
                for (int length = 0; length < 40; length++)
                        for (int place = 0; place <= length; place++) {
                                _cleanup_(json_document_freep) struct json_document *d = NULL;
                                char text[128], expected[128];

                                snprintf(text, sizeof(text), "[\"%.*s%s%.*s\",1]", place, before,
                                        odd[i].written, length - place, behind);
                                d = scan(text, strlen(text));
                                if (!odd[i].read) {
                                        assert_non_null(d->problems);
                                        assert_int_equal(d->problems->at.line, 1);
                                        assert_int_equal(d->problems->at.column, 3 + place);
                                        continue;
                                }
                                snprintf(expected, sizeof(expected), "%.*s%s%.*s", place, before,
                                        odd[i].read, length - place, behind);
                                assert_null(d->problems);
                                assert_string_equal(d->root->children->string, expected);
                                assert_int_equal(d->root->children->next->at.column,
                                        5 + (unsigned)length + odd[i].columns);
                        }
}

static void utf8_undoes_itself(void **state) {
        for (uint32_t c = 0; c <= 0x110000; c++) {
                bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
                uint32_t back = 0;
                char bytes[4];
                size_t n = utf8_encode(c, bytes);

                assert_int_equal(n > 0, good);
                if (!good)
                        continue;
                assert_int_equal(utf8_decode(bytes, n, &back), n);
                assert_int_equal(back, c);
                assert_int_equal(utf8_decode(bytes, n - 1, &back), 0);
        }
        assert_int_equal(utf8_decode("\xf4\x90\x80\x80", 4, NULL), 0); /* beyond U+10FFFF */
        assert_int_equal(utf8_decode("\xe0\x80\xaf", 3, NULL), 0);     /* overlong */
        assert_int_equal(utf8_decode("\x80", 1, NULL), 0);
        assert_int_equal(utf8_decode("\xf8\x88\x80\x80\x80", 5, NULL), 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_their_places),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(the_rest_is_refused),
        cmocka_unit_test(a_nul_is_refused_wherever_it_is),
        cmocka_unit_test(duplicates_are_all_told),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(very_many_keys_are_read),
        cmocka_unit_test(odd_characters_are_seen_at_every_place),
        cmocka_unit_test(utf8_undoes_itself),
};

RUN(tests)
