/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base: cursor, GUIDs, numbers, escapes, digests, diag. */
#include <errno.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/digest.h"
#include "lib/base/escape.h"
#include "lib/base/guid.h"
#include "lib/base/number.h"
#include "tests/unit/harness.h"

static void cursor_reads_in_order(void **state) {
        static const uint8_t bytes[] = { 1, 0x34, 0x12, 0x12, 0x34, 4, 3, 2, 1, 1, 2, 3, 4, 'a', 'b', 0, 9 };
        struct cursor c = cursor_over(bytes, sizeof(bytes)), child;

        assert_int_equal(cursor_u8(&c), 1);
        assert_int_equal(cursor_le16(&c), 0x1234);
        assert_int_equal(cursor_be16(&c), 0x1234);
        assert_int_equal(cursor_le32(&c), 0x01020304);
        assert_int_equal(cursor_be32(&c), 0x01020304);
        assert_string_equal(cursor_string(&c), "ab");
        assert_false(cursor_finish(&c));
        child = cursor_sub(&c, 1);
        assert_int_equal(cursor_u8(&child), 9);
        assert_true(cursor_finish(&child));
        assert_true(cursor_finish(&c));
}

static void cursor_is_bad_for_good(void **state) {
        static const uint8_t good[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

        for (size_t n = 0; n < sizeof(good); n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(good, n);
                struct cursor c = cursor_over(cut, n), child;

                assert_null(cursor_bytes(&c, n + 1));
                assert_true(c.bad);
                assert_int_equal(cursor_u8(&c), 0);
                assert_int_equal(cursor_le64(&c), 0);
                assert_null(cursor_string(&c));
                child = cursor_sub(&c, 0);
                assert_true(child.bad);
                assert_false(cursor_finish(&c));
        }
        /* a length that would wrap around */
        struct cursor c = cursor_over(good, sizeof(good));
        (void)cursor_u8(&c);
        assert_null(cursor_bytes(&c, SIZE_MAX));
        assert_true(c.bad);
}

static void guid_takes_two_forms_only(void **state) {
        static const char text[] = "f8615163-df3e-46c5-913f-f2d2f965ed0e";
        static const char *const bad[] = {
                "",
                "{}",
                "f8615163-df3e-46c5-913f-f2d2f965ed0",
                "f8615163-df3e-46c5-913f-f2d2f965ed0e ",
                " f8615163-df3e-46c5-913f-f2d2f965ed0e",
                "{f8615163-df3e-46c5-913f-f2d2f965ed0e",
                "f8615163-df3e-46c5-913f-f2d2f965ed0e}",
                "{{f8615163-df3e-46c5-913f-f2d2f965ed0e}}",
                "(f8615163-df3e-46c5-913f-f2d2f965ed0e)",
                "f8615163df3e46c5913ff2d2f965ed0e",
                "f8615163-df3e-46c5-913f-f2d2f965ed0g",
                "f861516-3df3e-46c5-913f-f2d2f965ed0e",
                "f8615163-df3e-46c5-913f-f2d2f965ed0e\n",
        };
        char back[GUID_TEXT_SIZE];
        struct guid g, h;

        assert_int_equal(guid_parse(text, &g), 0);
        guid_format(&g, back);
        assert_string_equal(back, text);
        assert_int_equal(guid_parse("{F8615163-DF3E-46C5-913F-F2D2F965ED0E}", &h), 0);
        assert_true(guid_equal(&g, &h));
        h.bytes[15]++;
        assert_true(guid_compare(&g, &h) < 0);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(guid_parse(bad[i], &g), -EBADMSG);
}

static void numbers_are_whole_and_not_clamped(void **state) {
        static const struct {
                const char *text;
                unsigned base;
                uint64_t max;
                int r;
                uint64_t v;
        } rows[] = {
                { "0", 10, 0, 0, 0 },
                { "4294967295", 10, UINT32_MAX, 0, UINT32_MAX },
                { "4294967296", 10, UINT32_MAX, -ERANGE, 0 },
                { "18446744073709551615", 10, UINT64_MAX, 0, UINT64_MAX },
                { "18446744073709551616", 10, UINT64_MAX, -ERANGE, 0 },
                { "0x1414", 16, UINT32_MAX, 0, 0x1414 },
                { "ABCDEF", 16, UINT32_MAX, 0, 0xabcdef },
                { "9", 10, 8, -ERANGE, 0 },
                { "", 10, 9, -EBADMSG, 0 },
                { "0x", 16, 9, -EBADMSG, 0 },
                { "0x1", 10, 9, -EBADMSG, 0 },
                { "-1", 10, 9, -EBADMSG, 0 },
                { "+1", 10, 9, -EBADMSG, 0 },
                { " 1", 10, 9, -EBADMSG, 0 },
                { "1 ", 10, 9, -EBADMSG, 0 },
                { "a", 10, 99, -EBADMSG, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t v = 77;

                assert_int_equal(number_parse(rows[i].text, rows[i].base, rows[i].max, &v), rows[i].r);
                assert_int_equal(v, rows[i].r < 0 ? 77 : rows[i].v);
        }
}

static void escapes_undo_each_other(void **state) {
        uint8_t all[256];
        _cleanup_(freep) char *text = NULL, *back = NULL;
        size_t n;

        for (size_t i = 0; i < sizeof(all); i++)
                all[i] = (uint8_t)i;
        assert_int_equal(escape_new(all, sizeof(all), &text), 0);
        for (const char *p = text; *p; p++)
                assert_true(*p >= 0x20 && *p < 0x7f);
        assert_int_equal(unescape_new(text, strlen(text), &back, &n), 0);
        assert_int_equal(n, sizeof(all));
        assert_memory_equal(back, all, n);
}

static void bad_escapes_are_refused(void **state) {
        static const char *const bad[] = { "\\", "\\x", "\\x1", "\\xg0", "\\q", "\"", "\n", "\x7f",
                "\xc3\xa4", "a\\" };
        char *out = NULL;
        size_t n;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(unescape_new(bad[i], strlen(bad[i]), &out, &n), -EBADMSG);
        assert_null(out);
}

static void digest_is_sha256(void **state) {
        static const char abc[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        char text[DIGEST_TEXT_SIZE];
        struct digest d, back;

        assert_int_equal(digest_sha256("abc", 3, &d), 0);
        digest_format(&d, text);
        assert_string_equal(text, abc);
        assert_int_equal(digest_parse(abc, &back), 0);
        assert_memory_equal(&d, &back, sizeof(d));
        for (size_t n = 0; n < sizeof(abc) - 1; n++) {
                _cleanup_(freep) char *cut = strndup(abc, n);

                assert_int_equal(digest_parse(cut, &back), -EBADMSG);
        }
        assert_int_equal(
                digest_parse("sha256:za7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        &back),
                -EBADMSG);
}

static void diag_says_and_wraps(void **state) {
        struct diag d = {};

        assert_int_equal(diag_fail(&d, -EBADMSG, "bad %s", "thing"), -EBADMSG);
        assert_int_equal(diag_wrap(&d, -EIO, "file %d", 7), -EIO);
        assert_string_equal(d.text, "file 7: bad thing");
        assert_int_equal(diag_errno(&d, -ENOENT, "x"), -ENOENT);
        assert_string_equal(d.text, "x: No such file or directory");
        assert_int_equal(diag_fail(NULL, -EIO, "nobody listens"), -EIO);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_reads_in_order),
        cmocka_unit_test(cursor_is_bad_for_good),
        cmocka_unit_test(guid_takes_two_forms_only),
        cmocka_unit_test(numbers_are_whole_and_not_clamped),
        cmocka_unit_test(escapes_undo_each_other),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(digest_is_sha256),
        cmocka_unit_test(diag_says_and_wraps),
};

RUN(tests)
