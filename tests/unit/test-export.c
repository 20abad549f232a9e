/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/evidence: bundles and the documents of other verifiers, and the words of what is asked for. */
#include "lib/evidence/export.h"

#include <errno.h>

#include "lib/base/base64.h"
#include "lib/base/json-scan.h"
#include "lib/evidence/bundle.h"
#include "lib/format/cmw.h"
#include "lib/format/trustee.h"
#include "tests/unit/format-harness.h"

#define SPAN(text) ((struct span){ (const uint8_t *)(text), strlen(text) })

/* -- words -- */

static void logs_have_words(void **state) {
        static const struct {
                const char *text;
                int r;
                unsigned logs;
        } rows[] = {
                { "none", 0, 0 },
                { "all", 0, 7 },
                { "firmware", 0, 1 },
                { "ima,systemd", 0, 6 },
                { "", -EBADMSG, 0 },
                { "ima,", -EBADMSG, 0 },
                { ",ima", -EBADMSG, 0 },
                { "ima,ima", -EBADMSG, 0 },
                { "all,ima", -EBADMSG, 0 },
                { "im", -EBADMSG, 0 },
                { "imaa", -EBADMSG, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unsigned logs = 0;

                assert_int_equal(evidence_logs_parse(rows[i].text, &logs), rows[i].r);
                assert_int_equal(logs, rows[i].logs);
        }
        assert_int_equal(evidence_format_from_string("maa"), EVIDENCE_MAA);
        assert_int_equal(evidence_format_from_string("jwt"), -EBADMSG);
        assert_string_equal(evidence_format_to_string(EVIDENCE_CMW), "cmw");
}

/* -- bundles -- */

static void bundles_hold_what_is_there(void **state) {
        struct bundle b = { .records = { [BUNDLE_CLAIMS] = SPAN("{}"), [BUNDLE_TD_QUOTE] = SPAN("quote") } };
        _cleanup_(freep) char *text = NULL;
        struct cmw c = {};
        size_t n;

        assert_int_equal(bundle_format(&b, &text, &n, NULL), 0);
        assert_int_equal(text[n - 1], '\n');
        assert_int_equal(cmw_parse(text, n, &c, NULL), 0);
        assert_string_equal(c.collection_type, CMW_BUNDLE_TYPE);
        assert_int_equal(c.n_records, 2);
        assert_string_equal(cmw_find(&c, "claims")->media_type, bundle_record_media_type(BUNDLE_CLAIMS));
        assert_int_equal(cmw_find(&c, "td-quote")->content.n, 5);
        cmw_done(&c);
}

static void bundles_that_nobody_could_read_are_refused(void **state) {
        _cleanup_(freep) uint8_t *log = calloc(1, CMW_MAX);
        struct bundle b = { .records = { [BUNDLE_IMA_LOG] = { log, (size_t)CMW_MAX * 3 / 4 } } };
        struct diag d = {};
        char *text = NULL;
        size_t n;

        assert_int_equal(bundle_format(&b, &text, &n, &d), -EFBIG);
        assert_non_null(strstr(d.text, "fewer logs"));
        assert_null(text);
}

/* -- Trustee -- */

static void assert_same_json(const struct json_node *a, const struct json_node *b, const char *where) {
        if (a->kind != b->kind || a->n_children != b->n_children)
                fail_msg("%s: another kind or number of members", where);
        if (a->kind == JSON_STRING && strcmp(a->string, b->string) != 0)
                fail_msg("%s: %s instead of %s", where, b->string, a->string);
        if (a->kind == JSON_INTEGER)
                assert_int_equal(a->integer, b->integer);
        a = a->children;
        b = b->children;
        for (; a && b; a = a->next, b = b->next) {
                if (a->key && strcmp(a->key, b->key) != 0)
                        fail_msg("%s: %s instead of %s", where, b->key, a->key);
                assert_same_json(a, b, a->key ?: where);
        }
}

static void assert_exported_as(const char *genuine, size_t n, const char *isolation) {
        _cleanup_(json_document_freep) struct json_document *expected = NULL, *found = NULL;
        _cleanup_(freep) char *text = NULL;
        struct trustee_evidence e = {};
        struct diag d = {};

        if (trustee_evidence_parse(genuine, n, &e, &d) < 0)
                fail_msg("%s", d.text);
        const struct export_parts parts = {
                .hcl_report = { e.hcl_report, e.n_hcl_report },
                .isolation = isolation,
                .message = { e.message, e.n_message },
                .signature = { e.signature, e.n_signature },
                .pcrs = &e.pcrs,
                .vek = { e.vek, e.n_vek },
                .td_quote = { e.td_quote, e.n_td_quote },
        };
        if (export_trustee(&parts, &text, &d) < 0)
                fail_msg("%s", d.text);
        trustee_evidence_done(&e);
        assert_int_equal(json_scan(genuine, n, &expected), 0);
        assert_int_equal(json_scan(text, strlen(text), &found), 0);
        assert_same_json(expected->root, found->root, "the evidence");
}

/* The same fields in the same order, each with the same characters. */
static void trustee_export_is_as_genuine_evidence(void **state) {
        _cleanup_(freep) uint8_t *text = NULL;
        size_t n;

        text = read_vector("trustee/az-snp-vtpm/evidence-v2.json", &n);
        assert_exported_as((const char *)text, n, "snp");
}

static void trustee_wants_endorsements(void **state) {
        static const struct pcr_bank pcrs = { .hash = PCR_SHA256, .selected = PCR_ALL };
        static const struct {
                const char *isolation;
                int r;
                const char *says;
        } rows[] = {
                { "snp", -ENODATA, "chip's certificate, and there is none: no network" },
                { "tdx", -ENODATA, "TD quote, and there is none: no network" },
                { "vbs", -EOPNOTSUPP, "'vbs'" },
                { NULL, -EOPNOTSUPP, "''" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct export_parts parts = {
                        .isolation = rows[i].isolation,
                        .pcrs = &pcrs,
                        .missing = "no network",
                };
                struct diag d = {};
                char *text = NULL;

                assert_int_equal(export_trustee(&parts, &text, &d), rows[i].r);
                if (!strstr(d.text, rows[i].says))
                        fail_msg("%s", d.text);
        }
}

/* -- Azure -- */

static struct export_parts azure_parts(const char *isolation) {
        static const uint8_t report[1300] = { [1236] = '{' };
        static const struct pcr_bank pcrs = { .hash = PCR_SHA256, .selected = 0x4001 };

        return (struct export_parts){
                .nonce = SPAN("nonce of 16 byte"),
                .hcl_report = { report, sizeof(report) },
                .isolation = isolation,
                .ak_certificate = SPAN("certificate"),
                .message = SPAN("message"),
                .signature = SPAN("signature"),
                .pcrs = &pcrs,
                .key = SPAN("key"),
                .key_info = SPAN("info"),
                .key_signature = SPAN("signed"),
                .ak_public = SPAN("ak"),
                .vek_chain = SPAN("chain"),
                .td_quote = SPAN("td"),
                .missing = "no network",
        };
}

static struct json_document *decoded(const char *text, enum base64_alphabet alphabet) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        struct json_document *doc = NULL;
        size_t n;

        assert_int_equal(base64_parse(text, strlen(text), alphabet, 1 << 20, &bytes, &n), 0);
        assert_int_equal(json_scan((const char *)bytes, n, &doc), 0);
        assert_null(doc->problems);
        return doc;
}

static const char *string_at(const struct json_node *o, const char *key) {
        const struct json_node *n = json_member(o, key);

        if (!n || n->kind != JSON_STRING)
                fail_msg("no string %s", key);
        return n->string;
}

static struct json_document *azure_info(const char *isolation) {
        struct export_parts parts = azure_parts(isolation);
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(export_maa(&parts, &text, NULL), 0);
        assert_int_equal(json_scan(text, strlen(text), &doc), 0);
        return decoded(string_at(doc->root, "AttestationInfo"), BASE64_URL);
}

static void azure_gets_all_fields(void **state) {
        _cleanup_(json_document_freep) struct json_document *doc = azure_info("snp"), *proof = NULL;
        const struct json_node *tpm = json_member(doc->root, "TpmInfo"),
                               *isolation = json_member(doc->root, "IsolationInfo"), *evidence;

        assert_string_equal(string_at(doc->root, "AttestationProtocolVersion"), "2.0");
        assert_string_equal(string_at(doc->root, "OSType"), "TGludXg="); /* Linux */
        assert_string_equal(string_at(json_member(doc->root, "ClientPayload"), "nonce"),
                "bm9uY2Ugb2YgMTYgYnl0ZQ==");
        assert_int_equal(tpm->n_children, 9);
        assert_string_equal(string_at(tpm, "PcrQuote"), "bWVzc2FnZQ==");
        assert_string_equal(string_at(tpm, "EncKeyCertifyInfoSignature"), "c2lnbmVk");
        assert_string_equal(string_at(tpm, "EncKeyPub"), "AANrZXk="); /* behind its size */
        assert_string_equal(string_at(tpm, "AikPub"), "AAJhaw==");
        assert_int_equal(json_member(tpm, "PcrSet")->n_children, 2);
        assert_int_equal(json_member(tpm, "PcrSet")->children->next->integer, 14);
        assert_int_equal(json_member(json_member(tpm, "PCRs")->children->next, "Index")->integer, 14);
        assert_string_equal(string_at(isolation, "Type"), "SevSnp");
        evidence = json_member(isolation, "Evidence");
        proof = decoded(string_at(evidence, "Proof"), BASE64_URL);
        assert_int_equal(strlen(string_at(proof->root, "SnpReport")), 1579); /* of 1184 bytes, unpadded */
        assert_string_equal(string_at(proof->root, "VcekCertChain"), "Y2hhaW4=");
        assert_int_equal(strlen(string_at(evidence, "RunTimeData")), 88); /* of 64 bytes, padded */
}

static void azure_knows_other_isolations(void **state) {
        _cleanup_(json_document_freep) struct json_document *tdx = azure_info("tdx"),
                                                            *none = azure_info("tvm");
        const struct json_node *isolation = json_member(tdx->root, "IsolationInfo");

        assert_string_equal(string_at(isolation, "Type"), "Tdx");
        assert_string_equal(string_at(json_member(isolation, "Evidence"), "Proof"), "dGQ=");
        isolation = json_member(none->root, "IsolationInfo");
        assert_string_equal(string_at(isolation, "Type"), "TrustedLaunch");
        assert_null(json_member(isolation, "Evidence"));
}

static void azure_wants_all_of_it(void **state) {
        struct export_parts parts[4];
        struct diag d = {};
        char *text = NULL;

        for (size_t i = 0; i < 4; i++)
                parts[i] = azure_parts(i == 2 ? "tdx" : "snp");
        parts[0].hcl_report.n = 1236;
        parts[1].vek_chain.n = 0;
        parts[2].td_quote.n = 0;
        parts[3].key_info.n = 0;
        assert_int_equal(export_maa(&parts[0], &text, &d), -EBADMSG);
        for (size_t i = 1; i < 4; i++)
                assert_int_equal(export_maa(&parts[i], &text, &d), -ENODATA);
        assert_null(text);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_have_words),
        cmocka_unit_test(bundles_hold_what_is_there),
        cmocka_unit_test(bundles_that_nobody_could_read_are_refused),
        cmocka_unit_test(trustee_export_is_as_genuine_evidence),
        cmocka_unit_test(trustee_wants_endorsements),
        cmocka_unit_test(azure_gets_all_fields),
        cmocka_unit_test(azure_knows_other_isolations),
        cmocka_unit_test(azure_wants_all_of_it),
};
RUN(tests)
