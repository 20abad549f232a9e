/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base: bytes as hexadecimal digits and as base64, and what is refused. */
#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "tests/unit/harness.h"

static void hex_there_and_back(void **state) {
        static const uint8_t bytes[] = { 0x00, 0x9a, 0xff };
        uint8_t back[3] = { 0 };
        char text[7];
        size_t n;

        hex_format(bytes, sizeof(bytes), text);
        assert_string_equal(text, "009aff");
        assert_int_equal(hex_parse("009AfF", 6, back, 3, &n), 0);
        assert_int_equal(n, 3);
        assert_memory_equal(back, bytes, 3);
        assert_int_equal(hex_parse("", 0, back, 0, &n), 0);
        assert_int_equal(n, 0);
        assert_int_equal(hex_parse_exactly("009aff", back, 3), 0);
        assert_int_equal(hex_parse_exactly("009aff", back, 2), -EBADMSG);
        assert_int_equal(hex_parse_exactly("009aff", back, 4), -EBADMSG);
}

static void hex_refuses(void **state) {
        static const char *const wrong[] = { "0", "0g", "g0", "0x", " 00", "00 ", "0 0a" };
        uint8_t out[4] = { 7, 7, 7, 7 };
        size_t n = 42;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_int_equal(hex_parse(wrong[i], strlen(wrong[i]), out, 4, &n), -EBADMSG);
        assert_int_equal(hex_parse("0011223344", 10, out, 4, &n), -EMSGSIZE);
        assert_int_equal(n, 42);
        assert_int_equal(out[0], 7);
}

static const struct {
        const char *bytes, *standard, *url;
} FORMS[] = {
        { "", "", "" }, /* RFC 4648, section 10, and one that needs the letters of its alphabet */
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xfe?", "+//+Pw==", "-__-Pw" },
};

static void assert_decodes(const char *text, enum base64_alphabet alphabet, const char *bytes) {
        _cleanup_(freep) uint8_t *back = NULL;
        size_t n;

        assert_int_equal(base64_parse(text, strlen(text), alphabet, strlen(bytes), &back, &n), 0);
        assert_int_equal(n, strlen(bytes));
        assert_string_equal((char *)back, bytes);
}

static void base64_there_and_back(void **state) {
        for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
                _cleanup_(freep) char *standard = NULL, *url = NULL;
                const char *bytes = FORMS[i].bytes;

                assert_int_equal(base64_format(bytes, strlen(bytes), BASE64_STANDARD, &standard), 0);
                assert_string_equal(standard, FORMS[i].standard);
                assert_int_equal(base64_format(bytes, strlen(bytes), BASE64_URL, &url), 0);
                assert_string_equal(url, FORMS[i].url);
                assert_decodes(standard, BASE64_STANDARD, bytes);
                assert_decodes(standard, BASE64_EITHER, bytes);
                assert_decodes(url, BASE64_URL, bytes);
                assert_decodes(url, BASE64_EITHER, bytes);
        }
}

static void base64_refuses(void **state) {
        static const struct {
                const char *text;
                enum base64_alphabet alphabet;
        } wrong[] = {
                { "Z", BASE64_EITHER },  /* half a byte */
                { "Zh", BASE64_EITHER }, /* unused bits that are not zero */
                { "Zm9=", BASE64_EITHER },
                { "Zg=", BASE64_EITHER }, /* padding of the wrong length */
                { "Zg===", BASE64_EITHER },
                { "=", BASE64_EITHER },
                { "====", BASE64_EITHER },
                { "Zm8=Zm8=", BASE64_EITHER }, /* padding in the middle */
                { "Zm 9v", BASE64_EITHER },
                { "Zm9v\n", BASE64_EITHER },
                { "-_+/", BASE64_EITHER }, /* both alphabets at once */
                { "-__-", BASE64_STANDARD },
                { "+//+", BASE64_URL },
                { "Zg", BASE64_STANDARD }, /* padding missing, padding too much */
                { "Zg==", BASE64_URL },
        };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                uint8_t *back = NULL;
                size_t n = 42;
                int r = base64_parse(wrong[i].text, strlen(wrong[i].text), wrong[i].alphabet, 100, &back,
                        &n);

                if (r != -EBADMSG)
                        fail_msg("'%s' gave %i", wrong[i].text, r);
                assert_null(back);
        }
}

/* Four characters are read at once: each byte at each place of each length is taken or refused by itself. */
static void base64_looks_at_every_character(void **state) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        static const char zeros[] = "AAAAAAAAAAAAAAAA";

        for (size_t n = 1; n <= 12; n++)
                for (size_t place = 0; place < n; place++)
                        for (int c = 1; c < 256; c++) {
                                const char *letter = strchr(letters, c);
                                size_t value = letter ? (size_t)(letter - letters) : 64, size = 0;
                                size_t unused = place < n - 1 ? 0 : n % 4 == 2 ? 15 : n % 4 == 3 ? 3 : 0;
                                _cleanup_(freep) uint8_t *back = NULL;
                                char text[16];
                                int r;

                                memcpy(text, zeros, n);
                                text[place] = (char)c;
                                r = base64_parse(text, n, BASE64_URL, 16, &back, &size);
                                if (n % 4 == 1 || value > 63 || value & unused) {
                                        assert_int_equal(r, -EBADMSG);
                                        continue;
                                }
                                assert_int_equal(r, 0);
                                assert_int_equal(size, n * 6 / 8);
                                for (size_t bit = 0; bit < 8 * size; bit++)
                                        assert_int_equal(back[bit / 8] >> (7 - bit % 8) & 1,
                                                bit / 6 == place ? value >> (5 - bit % 6) & 1 : 0);
                        }
}

static void base64_is_bounded(void **state) {
        uint8_t *back = NULL;
        size_t n;

        assert_int_equal(base64_parse("Zm9v", 4, BASE64_URL, 2, &back, &n), -EMSGSIZE);
        assert_null(back);
        assert_decodes("Zm9v", BASE64_URL, "foo");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_there_and_back),
        cmocka_unit_test(hex_refuses),
        cmocka_unit_test(base64_there_and_back),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(base64_looks_at_every_character),
        cmocka_unit_test(base64_is_bounded),
};

RUN(tests)
