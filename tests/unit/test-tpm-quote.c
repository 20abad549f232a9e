/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/tpm-quote: the one form in which it is written, and what is refused. */
#include "lib/format/tpm-quote.h"
#include "tests/unit/format-harness.h"

#define VALUE "ab00000000000000000000000000000000000001"
#define GOOD                                                                                \
        "{\"version\":1,\"attest\":\"_1RDRw\",\"signature\":\"ABQ\",\"ak-public\":\"AAE\"," \
        "\"pcr-bank\":\"sha1\",\"pcrs\":{\"0\":\"" VALUE "\",\"16\":\"" VALUE "\"}}"

static int parse(const void *bytes, size_t n, struct diag *d) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};

        return tpm_quote_parse(bytes, n, &q, d);
}

static void there_and_back(void **state) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};

        assert_int_equal(tpm_quote_parse(GOOD, strlen(GOOD), &q, &d), 0);
        assert_int_equal(q.n_attest, 4);
        assert_memory_equal(q.attest,
                "\xff"
                "TCG",
                4);
        assert_int_equal(q.n_signature, 2);
        assert_int_equal(q.n_ak_public, 2);
        assert_int_equal(q.pcrs.hash, PCR_SHA1);
        assert_int_equal(q.pcrs.selected, 1 | 1 << 16);
        assert_int_equal(q.pcrs.values[16][0], 0xab);
        assert_int_equal(q.pcrs.values[16][19], 1);
        assert_int_equal(q.pcrs.values[1][0], 0);
        assert_int_equal(tpm_quote_format(&q, &text), 0);
        assert_string_equal(text, GOOD);
        assert_cut_is_refused(GOOD, strlen(GOOD), parse);
}

static void the_public_key_may_be_missing(void **state) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        _cleanup_(freep) char *text = NULL;
        static const char without[] =
                "{\"version\":1,\"attest\":\"_1RDRw\",\"signature\":\"ABQ\",\"pcr-bank\":\"sha1\","
                "\"pcrs\":{\"0\":\"" VALUE "\"}}";

        assert_int_equal(tpm_quote_parse(without, strlen(without), &q, NULL), 0);
        assert_null(q.ak_public);
        assert_int_equal(tpm_quote_format(&q, &text), 0);
        assert_string_equal(text, without);
}

/* Each with one change of GOOD: what stands in it, what takes its place. */
static void others_are_refused(void **state) {
        static const struct {
                const char *from, *to, *says;
        } rows[] = {
                { "\"version\":1,", "", "tpm-quote: 1:1: \"version\" is missing" },
                { "\"version\":1", "\"version\":2", "tpm-quote: version 2, not 1" },
                { "\"version\":1", "\"version\":\"1\"",
                        "tpm-quote: 1:12: \"version\" is a string, not a number" },
                { "\"version\"", "\"extra\":0,\"version\"",
                        "tpm-quote: 1:2: \"extra\" does not belong here" },
                { "_1RDRw", "_1RDRw==", "tpm-quote: \"attest\" is not base64url without padding" },
                { "_1RDRw", "/1RDRw", "tpm-quote: \"attest\" is not base64url without padding" },
                { "ABQ", "ABR", "tpm-quote: \"signature\" is not base64url without padding" },
                { "sha1", "md5", "tpm-quote: \"md5\" is no bank" },
                { "sha1", "sha256", "tpm-quote: register 0 has no value of a sha256 bank" },
                { "\"16\"", "\"24\"", "tpm-quote: \"24\" is no register" },
                { "\"16\"", "\"016\"", "tpm-quote: \"016\" is no register" },
                { "\"16\"", "\"1-2\"", "tpm-quote: \"1-2\" is no register" },
                { "\"16\"", "\"all\"", "tpm-quote: \"all\" is no register" },
                { "\"16\"", "\"0\"",
                        "tpm-quote: 1:141: this key was given before, at 1:94: remove one of them" },
                { "\"16\":\"" VALUE "\"", "\"16\":1", "tpm-quote: register 16 has no value of a sha1 bank" },
                { "\"ak-public\":\"AAE\"", "\"ak-public\":null",
                        "tpm-quote: 1:62: \"ak-public\" is null, not a string" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *at = strstr(GOOD, rows[i].from);
                char text[512];
                struct diag d = {};

                snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD, rows[i].to,
                        at + strlen(rows[i].from));
                assert_int_equal(parse(text, strlen(text), &d), -EBADMSG);
                assert_string_equal(d.text, rows[i].says);
        }
}

static void sizes_are_bounded(void **state) {
        _cleanup_(freep) char *text = malloc(8192), *filled = calloc(1, 6000);
        struct diag d = {};

        assert_non_null(text);
        assert_non_null(filled);
        memset(filled, 'A', 5464); /* 4,098 bytes */
        snprintf(text, 8192,
                "{\"version\":1,\"attest\":\"%s\",\"signature\":\"ABQ\",\"pcr-bank\":\"sha1\",\"pcrs\":{}}",
                filled);
        assert_int_equal(parse(text, strlen(text), &d), -EBADMSG);
        assert_string_equal(d.text, "tpm-quote: \"attest\" has more than 4096 bytes");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(the_public_key_may_be_missing),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(sizes_are_bounded),
};

RUN(tests)
