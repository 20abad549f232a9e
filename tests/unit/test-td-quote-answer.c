/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/evidence/td-quote-answer: what is asked with a TDREPORT, and which answers are about it. */
#include <string.h>

#include "lib/evidence/td-quote-answer.h"
#include "tests/forge/forge.h"
#include "tests/unit/format-harness.h"

static struct forge_pki pki;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

struct scene {
        uint8_t bytes[FORGE_TD_REPORT_SIZE];
        struct tdx_report report;
        struct forge_bytes quote, answer;
};

/* A report, and a quote about td, which may be another one. */
static struct scene scene_of(const struct forge_td *reported, const struct forge_td *quoted,
        uint16_t version) {
        struct scene s = {};
        struct forge_quote q;
        struct forge_pck k = {};

        forge_td_report_make(reported, s.bytes);
        assert_int_equal(tdx_report_parse(s.bytes, sizeof(s.bytes), &s.report, NULL), 0);
        forge_quote_init(&q, version);
        q.attestation_key = forge_ec_key("P-256");
        q.pck = forge_ec_key("P-256");
        q.pck_certificate = forge_pck_certificate(&pki, &k, q.pck);
        s.quote = forge_quote_make(&pki, &q, quoted);
        s.answer = forge_td_quote_answer(&s.quote);
        X509_free(q.pck_certificate);
        EVP_PKEY_free(q.pck);
        EVP_PKEY_free(q.attestation_key);
        return s;
}

static void scene_done(struct scene *s) {
        forge_bytes_done(&s->quote);
        forge_bytes_done(&s->answer);
}

static int parse(const struct scene *s, const void *text, size_t n, struct diag *d) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n), *quote = NULL;
        size_t n_quote = 0;
        int r = td_quote_answer_parse((const char *)exact, n, &s->report, &quote, &n_quote, d);

        if (r >= 0) {
                assert_int_equal(n_quote, s->quote.n);
                assert_memory_equal(quote, s->quote.bytes, n_quote);
        }
        return r;
}

static void questions(void **state) {
        static const uint8_t report[TDX_REPORT_SIZE] = { 0xfb, 0xff };
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(td_quote_request_format(report, &text), 0);
        assert_memory_equal(text, "{\"report\":\"-_8AAAAA", 19);
        assert_int_equal(strlen(text), strlen("{\"report\":\"\"}") + (TDX_REPORT_SIZE * 4 + 2) / 3);
        assert_null(strchr(text, '='));
}

static void answers(void **state) {
        for (uint16_t version = 4; version <= 5; version++) {
                struct forge_td td;
                struct diag d = {};

                forge_td_init(&td);
                _cleanup_(scene_done) struct scene s = scene_of(&td, &td, version);
                assert_int_equal(parse(&s, s.answer.bytes, s.answer.n, &d), 0);
        }
}

static void about_something_else(void **state) {
        struct forge_td td;

        forge_td_init(&td);
        for (unsigned i = 0; i < 5; i++) {
                struct forge_td other = td;
                struct diag d = {};

                *(uint8_t *[]){ &other.mrtd[47], &other.rtmr[3][0], &other.mrconfigid[5],
                        (uint8_t *)&other.attributes, &other.report_data[63] }[i] ^= 1;
                _cleanup_(scene_done) struct scene s = scene_of(&td, &other, 4);
                assert_int_equal(parse(&s, s.answer.bytes, s.answer.n, &d), -ESTALE);
                assert_non_null(strstr(d.text, i == 4 ? "other report data" : "another guest"));
        }
}

static void no_such_answer(void **state) {
        static const char *const texts[] = {
                "",
                "<html></html>",
                "[]",
                "{}",
                "{\"quote\":null}",
                "{\"quote\":[\"AAAA\"]}",
                "{\"quote\":\"\"}",
                "{\"quote\":\"AAAA\"}",
                "{\"quote\":\"AA=A\"}",
                "{\"quote\":\"A AA\"}",
                "{\"quote\":\"-/AA\"}",
                "{\"quote\":\"AAAA\",\"quote\":\"AAAA\"}",
        };
        struct forge_td td;

        forge_td_init(&td);
        _cleanup_(scene_done) struct scene s = scene_of(&td, &td, 4);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct diag d = {};

                assert_int_equal(parse(&s, texts[i], strlen(texts[i]), &d), -EBADMSG);
                assert_string_not_equal(d.text, "");
        }
        for (size_t n = 0; n < s.answer.n; n++)
                assert_int_equal(parse(&s, s.answer.bytes, n, NULL), -EBADMSG);
}

/* A quote has its size in it, so that every cut of it is found; a version that is not known is no quote. */
static void quotes_that_are_none(void **state) {
        struct forge_td td;

        forge_td_init(&td);
        _cleanup_(scene_done) struct scene s = scene_of(&td, &td, 4);
        for (size_t n = 0; n < s.quote.n; n += 97) {
                struct forge_bytes cut = { .bytes = s.quote.bytes, .n = n };
                _cleanup_(forge_bytes_done) struct forge_bytes answer = forge_td_quote_answer(&cut);

                assert_int_equal(parse(&s, answer.bytes, answer.n, NULL), -EBADMSG);
        }
        s.quote.bytes[0] = 6;
        _cleanup_(forge_bytes_done) struct forge_bytes answer = forge_td_quote_answer(&s.quote);
        assert_int_equal(parse(&s, answer.bytes, answer.n, NULL), -EBADMSG);
}

static void too_large(void **state) {
        _cleanup_(freep) uint8_t *bytes = calloc(1, TDX_QUOTE_MAX + 1);
        struct forge_bytes quote = { .bytes = bytes, .n = TDX_QUOTE_MAX + 1 };
        _cleanup_(forge_bytes_done) struct forge_bytes answer = forge_td_quote_answer(&quote);
        struct forge_td td;
        struct diag d = {};

        forge_td_init(&td);
        _cleanup_(scene_done) struct scene s = scene_of(&td, &td, 4);
        assert_true(answer.n < TD_QUOTE_ANSWER_MAX);
        assert_int_equal(parse(&s, answer.bytes, answer.n, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "more than 65536 bytes"));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions),
        cmocka_unit_test(answers),
        cmocka_unit_test(about_something_else),
        cmocka_unit_test(no_such_answer),
        cmocka_unit_test(quotes_that_are_none),
        cmocka_unit_test(too_large),
};

RUN_WITH(tests, load, unload)
