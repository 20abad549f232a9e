/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one layout: what it is, that it is reached at once, and that nothing gets lost on the way. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/json-format.h"
#include "lib/base/json-token.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define N_RANDOM 2000

/* What becomes of the text; NULL when it is refused. The caller frees it. */
static char *format(const char *text, size_t n) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);
        char *formatted = NULL;
        struct diag d = {};
        size_t size = 0;
        int r = json_format((const char *)exact, n, &formatted, &size, &d);

        if (r < 0) {
                assert_int_equal(r, -EBADMSG);
                assert_null(formatted);
                assert_true(d.text[0] >= '1' && d.text[0] <= '9');
                return NULL;
        }
        assert_int_equal(size, strlen(formatted));
        assert_int_equal(formatted[size - 1], '\n');
        return formatted;
}

static void check_stable(const char *formatted) {
        _cleanup_(freep) char *again = format(formatted, strlen(formatted));

        assert_non_null(again);
        assert_string_equal(again, formatted);
}

static void the_layout_is_this(void **state) {
        static const struct {
                const char *text, *formatted;
        } rows[] = {
                { "7", "7\n" },
                { " \"a\" ", "\"a\"\n" },
                { "{}", "{}\n" },
                { "[ ]", "[]\n" },
                { "{\"a\":1}", "{\n  \"a\": 1\n}\n" },
                { "[1,\n2]", "[\n  1,\n  2\n]\n" },
                { "{\"a\":[1,\n\"b\" , -3,true],\"c\":{\"d\":null}}",
                        "{\n  \"a\": [1, \"b\", -3, true],\n  \"c\": { \"d\": null }\n}\n" },
                { "{\"a\":{},\"b\":[],\"c\":[[],{}]}",
                        "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [[], {}]\n}\n" },
                /* a list of objects has a line for each, and so have all lists around it */
                { "{\"a\":[{\"b\":1},{\"c\":2}]}",
                        "{\n  \"a\": [\n    { \"b\": 1 },\n    { \"c\": 2 }\n  ]\n}\n" },
                { "{\"a\":{\"b\":[{\"c\":1}]}}",
                        "{\n  \"a\": {\n    \"b\": [\n      { \"c\": 1 }\n    ]\n  }\n}\n" },
                /* strings and numbers stay as they are written */
                { "{\"\\u0061\\/\\\"\":\"\\u00fc\\\\\",\"b\":-0}",
                        "{\n  \"\\u0061\\/\\\"\": \"\\u00fc\\\\\",\n  \"b\": -0\n}\n" },
                { "{\"a\":\"// no comment /* , } ]\"}", "{\n  \"a\": \"// no comment /* , } ]\"\n}\n" },
                /* one empty line stays, but none at the start or end */
                { "\n\n{\n\n\n\"a\":1,\n\n\n\"b\":2\n\n}\n\n", "{\n  \"a\": 1,\n\n  \"b\": 2\n}\n" },
                { "{\"a\":{\"b\":1,\n\n\"c\":2}}",
                        "{\n  \"a\": {\n    \"b\": 1,\n\n    \"c\": 2\n  }\n}\n" },
                { "{\"a\":{\n\n\"b\":1}}", "{\n  \"a\": { \"b\": 1 }\n}\n" },
                { "{\r\n\"a\":1,\r\n\r\n\"b\":2}\r\n", "{\n  \"a\": 1,\n\n  \"b\": 2\n}\n" },
                /* comments before what they are about, and behind it */
                { "// x  \n//\n\n// y\n{\"a\":1}// z\n// end\n",
                        "// x\n//\n\n// y\n{\n  \"a\": 1\n} // z\n// end\n" },
                { "{// first\n\"a\":1,// one\n/* two */\"b\":2/* zwei */,\"c\":3\n// last\n}",
                        "{\n  // first\n  \"a\": 1, // one\n  /* two */\n  \"b\": 2, /* zwei */\n  \"c\": "
                        "3\n  // "
                        "last\n}\n" },
                { "{\"a\"/*1*/:/*2*/1/*3*//*4*/,//5\n\"b\":2}",
                        "{\n  /*1*/\n  /*2*/\n  \"a\": 1, /*3*/ /*4*/ //5\n  \"b\": 2\n}\n" },
                { "{\"a\":[1,//one\n2]}", "{\n  \"a\": [\n    1, //one\n    2\n  ]\n}\n" },
                { "{\"a\":[//nothing\n]}", "{\n  \"a\": [\n    //nothing\n  ]\n}\n" },
                { "{\"a\":[/*x*/]}", "{\n  \"a\": [\n    /*x*/\n  ]\n}\n" },
                { "[1\n//a\n,//b\n2]", "[\n  1,\n  //a\n  //b\n  2\n]\n" },
                { "[1//a\n,//b\n2]", "[\n  1, //a\n  //b\n  2\n]\n" },
                { "{/* a  \r\n   b\t\n*/\"c\":1}", "{\n  /* a\n   b\n*/\n  \"c\": 1\n}\n" },
                { "{\"a\":{\"b\":1//x\n}}", "{\n  \"a\": {\n    \"b\": 1 //x\n  }\n}\n" },
                { "{\"a\":1,\n\n// x\n\n\"b\":2}", "{\n  \"a\": 1,\n\n  // x\n\n  \"b\": 2\n}\n" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                _cleanup_(freep) char *formatted = format(rows[i].text, strlen(rows[i].text));

                assert_non_null(formatted);
                assert_string_equal(formatted, rows[i].formatted);
                check_stable(formatted);
        }
}

/* Characters count, not bytes, and what follows belongs to the line. */
static void a_line_is_as_long_as_it_may_be(void **state) {
        for (unsigned last = 0; last < 2; last++)
                for (int columns = JSON_FORMAT_COLUMNS - 1; columns <= JSON_FORMAT_COLUMNS + 1; columns++) {
                        _cleanup_(freep) char *text = NULL, *formatted = NULL, *expected = NULL;
                        int padding =
                                columns - (int)strlen("  \"a\": [\"\xc3\xbc\", \"\"]") + 1 - (last ? 0 : 1);
                        const char *rest = last ? "" : ",\n  \"b\": 1", *raw = last ? "" : ",\"b\":1";

                        assert_true(
                                asprintf(&text, "{\"a\":[\"\xc3\xbc\",\"%0*d\"]%s}", padding, 0, raw) > 0);
                        formatted = format(text, strlen(text));
                        if (columns <= JSON_FORMAT_COLUMNS)
                                assert_true(
                                        asprintf(&expected, "{\n  \"a\": [\"\xc3\xbc\", \"%0*d\"]%s\n}\n",
                                                padding, 0, rest) > 0);
                        else
                                assert_true(
                                        asprintf(&expected,
                                                "{\n  \"a\": [\n    \"\xc3\xbc\",\n    \"%0*d\"\n  ]%s\n}\n",
                                                padding, 0, rest) > 0);
                        assert_string_equal(formatted, expected);
                        check_stable(formatted);
                }
}

static void what_is_wrong_is_refused_with_its_place(void **state) {
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "", "1:1: " },
                { "{\"a\":1,}", "1:8: no value follows the last comma" },
                { "{\n\"a\":1,\"a\":2}", "2:7: this key was given before" },
                { "{'a':1}", "1:2: strings are written in double quotes" },
                { "[1] 2", "1:5: something follows" },
                { "/* {}", "1:1: this comment is never closed" },
                { "[1.5]", "1:3: numbers are whole" },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                struct diag d = {};
                char *text = NULL;
                size_t n;

                assert_int_equal(json_format(rows[i].text, strlen(rows[i].text), &text, &n, &d), -EBADMSG);
                assert_null(text);
                if (strncmp(d.text, rows[i].says, strlen(rows[i].says)) != 0)
                        fail_msg("%s: %s", rows[i].text, d.text);
        }
}

static const char rich[] =
        "// head\n{ /* a */ \"one\": [1, 2, // two\n 3], \"two\": { \"x\": \"\\\"\" } /* b */,\n\n"
        "  \"three\" : [ {\"y\":null}, {} ] // c\n , \"four\":[[[]]]\n/* d\n e */}\n// tail";

static void a_cut_text_is_refused_or_laid_out_whole(void **state) {
        for (size_t n = 0; n <= strlen(rich); n++) {
                _cleanup_(freep) char *formatted = format(rich, n);

                if (!formatted)
                        continue;
                check_stable(formatted);
                assert_true(json_same_tokens(rich, n, formatted, strlen(formatted)));
        }
}

static uint32_t next(uint32_t *seed) {
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 16;
}

/* Between two tokens of rich, whatever may stand there; comments are numbered. */
static void write_gap(FILE *f, uint32_t *seed, unsigned *number) {
        for (unsigned n = next(seed) % 3; n > 0; n--)
                switch (next(seed) % 5) {
                case 0:
                        fprintf(f, "//%u\n", ++*number);
                        break;
                case 1:
                        fprintf(f, "/*%u*/", ++*number);
                        break;
                case 2:
                        fputs("\n", f);
                        break;
                case 3:
                        fputs("\n \n\n", f);
                        break;
                default:
                        fputs(" ", f);
                }
}

static char *random_text(uint32_t *seed, unsigned *number) {
        struct json_lexer l = json_lexer_over(rich, strlen(rich));
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (; l.token.kind != JSON_TOKEN_END; json_lexer_advance(&l)) {
                if (l.token.kind == JSON_TOKEN_COMMENT)
                        continue;
                write_gap(f, seed, number);
                fprintf(f, "%.*s", (int)l.token.n, l.token.at);
        }
        write_gap(f, seed, number);
        assert_int_equal(fclose(f), 0);
        return text;
}

/* All that were written, in their order. */
static void check_comments(const char *formatted, unsigned number) {
        struct json_lexer l = json_lexer_over(formatted, strlen(formatted));
        unsigned expected = 0;

        for (; l.token.kind != JSON_TOKEN_END; json_lexer_advance(&l))
                if (l.token.kind == JSON_TOKEN_COMMENT)
                        assert_int_equal(strtoul(l.token.at + 2, NULL, 10), ++expected);
        assert_int_equal(expected, number);
}

static void nothing_gets_lost_wherever_it_stands(void **state) {
        uint32_t seed = 3;

        for (size_t i = 0; i < N_RANDOM; i++) {
                unsigned number = 0;
                _cleanup_(freep) char *text = random_text(&seed, &number),
                                      *formatted = format(text, strlen(text));

                assert_non_null(formatted);
                assert_true(json_same_tokens(text, strlen(text), formatted, strlen(formatted)));
                check_comments(formatted, number);
                check_stable(formatted);
        }
}

static void tokens_differ_where_texts_do(void **state) {
        static const struct {
                const char *a, *b;
                bool same;
        } rows[] = {
                { "{\"a\":1}", " { \"a\" // x\n : 1 } ", true },
                { "{\"a\":1}", "{\"a\":2}", false },
                { "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
                { "[1,2]", "[12]", false },
                { "[\"a\"]", "[\"\\u0061\"]", false },
                { "[]", "{}", false },
        };

        for (size_t i = 0; i < N_ROWS(rows); i++) {
                assert_int_equal(
                        json_same_tokens(rows[i].a, strlen(rows[i].a), rows[i].b, strlen(rows[i].b)),
                        rows[i].same);
                assert_int_equal(
                        json_same_tokens(rows[i].b, strlen(rows[i].b), rows[i].a, strlen(rows[i].a)),
                        rows[i].same);
        }
}

static void members_as_they_are_written(void **state) {
        static const struct {
                const char *text, *value; /* NULL: none */
        } rows[] = {
                { "{\"a\":{\"b\":[1,{}]},\"c\":2}", "{\"b\":[1,{}]}" },
                { "{\"c\":[\"a\",{\"a\":1}],\"a\" : [ 1 , 2 ] }", "[ 1 , 2 ]" },
                { "{\"c\":{\"a\":1},\"aa\":2,\"a\":\"x}\"}", "\"x}\"" },
                { " { \"a\" : true } ", "true" },
                { "{\"b\":{\"a\":1}}", NULL },
                { "{\"\\u0061\":1}", NULL },
                { "[\"a\",1]", NULL },
                { "\"a\"", NULL },
                { "{}", NULL },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *value = NULL;
                size_t n = 0;
                bool found = json_member_text(rows[i].text, strlen(rows[i].text), "a", &value, &n);

                assert_int_equal(found, rows[i].value != NULL);
                if (found) {
                        assert_int_equal(n, strlen(rows[i].value));
                        assert_memory_equal(value, rows[i].value, n);
                }
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_as_they_are_written),
        cmocka_unit_test(the_layout_is_this),
        cmocka_unit_test(a_line_is_as_long_as_it_may_be),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
        cmocka_unit_test(a_cut_text_is_refused_or_laid_out_whole),
        cmocka_unit_test(nothing_gets_lost_wherever_it_stands),
        cmocka_unit_test(tokens_differ_where_texts_do),
};

RUN(tests)
