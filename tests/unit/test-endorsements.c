/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/evidence/endorsements: what THIM answers, and what of it is believed. */
#include "tests/unit/endorsement-scene.h"

/* What becomes of the answer, with the whole text of the diag. */
static int outcome(const struct scene *s, struct diag *d) {
        _cleanup_(endorsements_done) struct endorsements e = {};
        _cleanup_(forge_bytes_done) struct forge_bytes answer = scene_answer(s);
        int r = parse(answer.bytes, answer.n, &e, d);

        return r < 0 ? r : endorsements_check(&e, &s->wanted, NOW, d);
}

static void good_ones(void **state) {
        for (enum snp_product p = SNP_MILAN; p < _SNP_PRODUCT_MAX; p++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
                struct diag d = {};
                struct scene s;

                scene_init(&s, p);
                answer = scene_answer(&s);
                assert_int_equal(parse(answer.bytes, answer.n, &e, &d), 0);
                assert_int_equal(e.chain.n, 3);
                assert_int_equal(e.vek.product, p);
                assert_int_equal(e.tcb, s.tcbm);
                assert_int_equal(e.lifetime, 86400);
                assert_int_equal(e.not_after, FORGE_NOT_AFTER);
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
                s.wanted.product = 0; /* a report of version 2 */
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
                memset(s.wanted.chip_id, 0, sizeof(s.wanted.chip_id)); /* masked */
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
        }
}

static void assert_refused(const struct scene *s, int r, const char *why) {
        struct diag d = {};

        assert_int_equal(outcome(s, &d), r);
        if (!strstr(d.text, why))
                fail_msg("\"%s\" does not say \"%s\"", d.text, why);
}

static void of_another_chip(void **state) {
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.wanted.chip_id[63] ^= 1;
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_TURIN);
        s.wanted.chip_id[7] ^= 1;
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_TURIN);
        s.wanted.chip_id[8] = 1; /* no id of a Turin */
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_MILAN);
        s.wanted.product = SNP_GENOA;
        assert_refused(&s, -EXDEV, "for Milan, the report from Genoa");
        scene_init(&s, SNP_MILAN);
        s.vek.csp_id = "cloud"; /* a VLEK, whose issuer is not in the chain besides */
        assert_refused(&s, -EXDEV, "names no chip");
}

static void for_another_tcb(void **state) {
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.wanted.tcb++;
        assert_refused(&s, -ESTALE, "the report has");
        scene_init(&s, SNP_MILAN);
        s.tcbm = s.wanted.tcb = s.tcbm ^ UINT64_C(1) << 56; /* both agree, the certificate does not */
        assert_refused(&s, -ESTALE, "is not the TCB that the VEK is for");
        scene_init(&s, SNP_TURIN);
        s.vek.tcb.fmc++;
        assert_refused(&s, -ESTALE, "is not the TCB that the VEK is for");
}

static void chains_that_do_not_hold(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes genoa = forge_vek_chain(&pki, SNP_GENOA, false, NULL);
        _cleanup_(forge_bytes_done) struct forge_bytes swapped = {};
        struct forge_ca imitation = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.chain = &genoa;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");

        forge_put_pem(&swapped, pki.ca[FORGE_ARK_MILAN].certificate);
        forge_put_pem(&swapped, pki.ca[FORGE_ASK_MILAN].certificate);
        s.chain = &swapped;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");

        scene_init(&s, SNP_MILAN);
        forge_ca_imitate(&pki, FORGE_ASK_MILAN, &imitation); /* the same name, another key */
        s.vek.ca = &imitation;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");
        forge_ca_done(&imitation);
}

/* An ARK that signs itself, and not the ASK; an ASK in its place, which does not sign itself. */
static void roots_that_are_none(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes other = {}, same = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        forge_put_pem(&other, pki.ca[FORGE_ASK_MILAN].certificate);
        forge_put_pem(&other, pki.ca[FORGE_ARK_GENOA].certificate);
        s.chain = &other;
        assert_refused(&s, -EKEYREJECTED, "the ASK is not signed by the ARK");
        forge_put_pem(&same, pki.ca[FORGE_ASK_MILAN].certificate);
        forge_put_pem(&same, pki.ca[FORGE_ASK_MILAN].certificate);
        s.chain = &same;
        assert_refused(&s, -EKEYREJECTED, "the ASK is not signed by the ARK");
}

static void expired(void **state) {
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.vek.not_after = FORGE_NOW; /* good for this second */
        assert_int_equal(outcome(&s, &d), 0);
        s.vek.not_after = FORGE_NOW - 1;
        assert_refused(&s, -EKEYREJECTED, "expired on 2026-05-31");
}

static void cache_control(void **state) {
        static const struct {
                const char *text;
                int64_t lifetime; /* -1: refused */
        } rows[] = {
                { "\"0\"", 0 },
                { "60", 60 },
                { "\"2592000\"", ENDORSEMENTS_LIFETIME_MAX },
                { "\"2592001\"", ENDORSEMENTS_LIFETIME_MAX },
                { "\"4294967295\"", ENDORSEMENTS_LIFETIME_MAX },
                { "9007199254740991", ENDORSEMENTS_LIFETIME_MAX },
                { "\"4294967296\"", -1 },
                { "-1", -1 },
                { "\"-1\"", -1 },
                { "\"max-age=60\"", -1 },
                { "\"\"", -1 },
                { "null", -1 },
                { "[60]", -1 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
                struct diag d = {};
                struct scene s;

                scene_init(&s, SNP_MILAN);
                s.cache_control = rows[i].text;
                answer = scene_answer(&s);
                assert_int_equal(parse(answer.bytes, answer.n, &e, &d), rows[i].lifetime < 0 ? -EBADMSG : 0);
                if (rows[i].lifetime >= 0)
                        assert_int_equal(e.lifetime, rows[i].lifetime);
        }
}

/* The answer with the first `what` in it replaced. */
static struct forge_bytes replaced(const struct forge_bytes *answer, const char *what, const char *by) {
        const char *at = strstr((const char *)answer->bytes, what);
        struct forge_bytes b = {};

        assert_non_null(at);
        forge_put(&b, answer->bytes, (size_t)(at - (const char *)answer->bytes));
        forge_text(&b, "%s%s", by, at + strlen(what));
        return b;
}

static void no_such_answer(void **state) {
        static const struct {
                const char *what, *by, *why;
        } rows[] = {
                { "\"vcekCert\"", "\"vcekcert\"", "vcekCert" },
                { "\"certificateChain\"", "\"x\"", "certificateChain" },
                { "\"tcbm\"", "\"x\"", "tcbm" },
                { "\"tcbm\":\"", "\"tcbm\":\"x", "tcbm is no hexadecimal number" },
                { "\"tcbm\":\"", "\"tcbm\":\"1", "tcbm is no hexadecimal number" }, /* 17 digits */
                { "\"tcbm\"", "\"vcekCert\"", "" },                                 /* twice */
                { "MII", "MIJ", "vcekCert" },
                { "-----BEGIN CERTIFICATE-----", "-----BEGIN GARBAGE-----", "vcekCert" },
                { "{", "[", "" },
        };
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes b =
                        replaced(&answer, rows[i].what, rows[i].by);
                _cleanup_(endorsements_done) struct endorsements e = {};
                struct diag d = {};

                assert_int_equal(parse(b.bytes, b.n, &e, &d), -EBADMSG);
                assert_non_null(strstr(d.text, rows[i].why));
        }
}

static void not_even_json(void **state) {
        static const char *const texts[] = {
                "",
                "<!DOCTYPE html><html><body>Sign in</body></html>",
                "404 page not found",
                "null",
                "[]",
                "{}",
                "\"x\"",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                struct diag d = {};

                assert_int_equal(parse(texts[i], strlen(texts[i]), &e, &d), -EBADMSG);
                assert_int_not_equal(d.text[0], '\0');
        }
}

static void members_that_are_not_known_are_left_alone(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {}, more = {};
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        more = replaced(&answer, "{", "{\"region\":[\"north\",{}],");
        assert_int_equal(parse(more.bytes, more.n, &e, &d), 0);
}

static void cut_off(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        for (size_t n = 0; n < answer.n; n++) {
                _cleanup_(endorsements_done) struct endorsements e = {};

                assert_int_equal(parse(answer.bytes, n, &e, NULL), -EBADMSG);
        }
}

static void one_that_is_too_large(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        while (answer.n < ENDORSEMENTS_ANSWER_MAX)
                forge_text(&answer, " ");
        assert_int_equal(parse(answer.bytes, answer.n, &e, NULL), 0);
        endorsements_done(&e);
        forge_text(&answer, " ");
        assert_int_equal(parse(answer.bytes, answer.n, &e, NULL), -EBADMSG);
}

static void genuine_answer(void **state) {
        _cleanup_(freep) uint8_t *answer = NULL, *report = NULL;
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct snp_report snp;
        struct endorsed wanted;
        struct diag d = {};
        size_t n, n_report;

        answer = read_vector("confidential-sidecar-containers/uvm_host_amd_certificate.json", &n);
        report = read_vector("confidential-sidecar-containers/snp_report.bin", &n_report);
        assert_int_equal(snp_report_parse(report, n_report, &snp, &d), 0);
        assert_int_equal(parse(answer, n, &e, &d), 0);
        assert_int_equal(e.tcb, UINT64_C(0x7308000000000003));
        assert_int_equal(e.vek.product, SNP_MILAN);
        assert_int_equal(e.vek.tcb.boot_loader, 3);
        assert_int_equal(e.vek.tcb.snp, 8);
        assert_int_equal(e.vek.tcb.microcode, 0x73);
        assert_int_equal(e.lifetime, 86400);
        assert_int_equal(e.not_after, 1890611756); /* 2029-11-29 01:55:56 */
        wanted = (struct endorsed){ .tcb = snp.reported_tcb, .product = snp.product };
        memcpy(wanted.chip_id, snp.chip_id, sizeof(wanted.chip_id));
        assert_int_equal(endorsements_check(&e, &wanted, NOW, &d), 0);
        wanted.chip_id[0] ^= 1;
        assert_int_equal(endorsements_check(&e, &wanted, NOW, &d), -EXDEV);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(of_another_chip),
        cmocka_unit_test(for_another_tcb),
        cmocka_unit_test(chains_that_do_not_hold),
        cmocka_unit_test(roots_that_are_none),
        cmocka_unit_test(expired),
        cmocka_unit_test(cache_control),
        cmocka_unit_test(no_such_answer),
        cmocka_unit_test(not_even_json),
        cmocka_unit_test(members_that_are_not_known_are_left_alone),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(one_that_is_too_large),
        cmocka_unit_test(genuine_answer),
};

RUN_WITH(tests, load, unload)
