/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/harness.h"

#include "lib/base/suggest.h"

static const char *nearest(const char *word) {
        static const char *const words[] = { "status", "devices", "device", "policy check", "log", "json",
                "js" };
        struct suggestion s = {};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                suggest_consider(&s, word, words[i]);
        return s.nearest;
}

static void suggest_finds_the_slip(void **state) {
        assert_string_equal(nearest("statsu"), "status");  /* neighbours swapped */
        assert_string_equal(nearest("devics"), "devices"); /* one dropped, the first of the equally near */
        assert_string_equal(nearest("devices"), "devices");
        assert_string_equal(nearest("policy chekc"), "policy check");
        assert_string_equal(nearest("jso"), "json");
        assert_string_equal(nearest("lgo"), "log");
}

static void suggest_says_nothing_of_strangers(void **state) {
        assert_null(nearest(""));
        assert_null(nearest("x"));
        assert_null(nearest("attest"));
        assert_null(nearest("frobnicate"));
}

static void suggest_bears_long_words(void **state) {
        char word[4096];

        memset(word, 'd', sizeof(word) - 1);
        word[sizeof(word) - 1] = 0;
        assert_null(nearest(word));
        word[64] = 0;
        assert_null(nearest(word));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggest_finds_the_slip),
        cmocka_unit_test(suggest_says_nothing_of_strangers),
        cmocka_unit_test(suggest_bears_long_words),
};

RUN(tests)
