/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/pcr: selections as text, and the digest that a quote is over. */
#include "lib/format/pcr.h"
#include "tests/unit/format-harness.h"

static void selections_are_read(void **state) {
        static const struct {
                const char *text;
                uint32_t selected;
                const char *again; /* NULL: the same */
        } rows[] = {
                { "0", 1, NULL },
                { "23", 1 << 23, NULL },
                { "0-23", PCR_ALL, NULL },
                { "all", PCR_ALL, "0-23" },
                { "7,0-1,3", 0x8b, "0-1,3,7" },
                { "0,1,2", 7, "0-2" },
                { "5-5", 1 << 5, "5" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[PCR_SELECTION_TEXT_SIZE];
                uint32_t selected = 0;

                assert_int_equal(pcr_selection_parse(rows[i].text, &selected), 0);
                assert_int_equal(selected, rows[i].selected);
                pcr_selection_format(selected, text);
                assert_string_equal(text, rows[i].again ? rows[i].again : rows[i].text);
        }
}

static void other_selections_are_refused(void **state) {
        static const char *const rows[] = { "", ",", "0,", ",0", "24", "100", "00", "01", "-1", "1-", "3-2",
                "0-24", "1,1", "0-4,3", "0 1", " 0", "0x1", "ALL", "all,1", "1--2", "1-2-3" };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint32_t selected = 42;

                if (pcr_selection_parse(rows[i], &selected) != -EBADMSG)
                        fail_msg("\"%s\" is taken", rows[i]);
                assert_int_equal(selected, 42);
        }
}

/* All 2^24 would take a minute: every selection of the low twelve, at both ends. */
static void every_selection_comes_back(void **state) {
        for (uint32_t s = 1; s < 1u << 12; s++)
                for (unsigned shift = 0; shift <= 12; shift += 12) {
                        char text[PCR_SELECTION_TEXT_SIZE];
                        uint32_t selected = 0;

                        pcr_selection_format(s << shift, text);
                        assert_int_equal(pcr_selection_parse(text, &selected), 0);
                        assert_int_equal(selected, s << shift);
                }
}

static void hashes_have_names_and_sizes(void **state) {
        assert_int_equal(pcr_hash_size(PCR_SHA1), 20);
        assert_int_equal(pcr_hash_size(PCR_SHA512), 64);
        assert_int_equal(pcr_hash_size(0x0012), 0);
        assert_int_equal(pcr_hash_from_string("sha384"), PCR_SHA384);
        assert_int_equal(pcr_hash_from_string("SHA384"), -EBADMSG);
        assert_string_equal(pcr_hash_to_string(PCR_SHA256), "sha256");
        assert_string_equal(pcr_hash_to_string(0x0012), "?");
}

/* Expected: Python's hashlib over the values in order. */
static void the_digest_is_over_what_is_selected(void **state) {
        struct pcr_bank bank = { .hash = PCR_SHA256, .selected = 1 << 0 | 1 << 9 };
        uint8_t digest[PCR_SIZE_MAX];

        memset(bank.values[0], 0x11, 32);
        memset(bank.values[5], 0x55, 32);
        memset(bank.values[9], 0x99, 32);
        assert_int_equal(pcr_bank_digest(&bank, PCR_SHA256, digest), 0);
        assert_hex(digest, 32, "d47822b18996e8ae97188e966ba5dbb7f5ef818ea0da9d63dd1797646e0b4975");
        assert_int_equal(pcr_bank_digest(&bank, PCR_SHA384, digest), 0);
        assert_hex(digest, 48,
                "87aa2dafede8b7742b64e7c7d51a1e2b80d8bcc7ba6ff693e4e21aa2dcc7e35be8c5f2b6f2c1bd835f4d7e2c2e5"
                "435c4");
        bank.hash = PCR_SHA1;
        assert_int_equal(pcr_bank_digest(&bank, PCR_SHA1, digest), 0);
        assert_hex(digest, 20, "69c9804b269db8384737bb875e8bc49d75804dbb");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_are_read),
        cmocka_unit_test(other_selections_are_refused),
        cmocka_unit_test(every_selection_comes_back),
        cmocka_unit_test(hashes_have_names_and_sizes),
        cmocka_unit_test(the_digest_is_over_what_is_selected),
};

RUN(tests)
