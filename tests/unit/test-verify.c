/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evidence by keys of our own: good guests of every kind are trusted, and each change is found by its check.
 */
#include "lib/verify/expectation-format.h"
#include "tests/forge/forge.h"
#include "tests/unit/scratch.h"
#include "tests/unit/verify-harness.h"

#define NONCE "nonce of 16 byte"
#define BIND "tls-key"

static struct forge_pki pki;
static struct scratch roots;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        roots = scratch_new();
        forge_pki_save_roots(&pki, roots.path);
        return 0;
}

static int unload(void **state) {
        scratch_done(&roots);
        forge_pki_done(&pki);
        return 0;
}

/* A relying party that knows nonce and channel, and waives the rest. */
static struct judge ask(unsigned waived) {
        return (struct judge){
                .roots = roots.path,
                .settings = {
                        .at = FORGE_NOW,
                        .waived = waived,
                        .nonce = (const uint8_t *)NONCE,
                        .n_nonce = strlen(NONCE),
                        .bind = (const uint8_t *)BIND,
                        .n_bind = strlen(BIND),
                },
        };
}

struct kind {
        const char *name;
        enum snp_product product; /* 0: TDX */
        uint32_t version;         /* of the report or the quote */
        bool vlek;
};

static const struct kind kinds[] = {
        { "Milan v2", SNP_MILAN, 2 },
        { "Milan v3", SNP_MILAN, 3 },
        { "Genoa v3", SNP_GENOA, 3 },
        { "Genoa v4", SNP_GENOA, 4 },
        { "Turin v5", SNP_TURIN, 5 },
        { "VLEK", SNP_GENOA, 3, true },
        { "TDX v4", 0, 4 },
        { "TDX v5", 0, 5 },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void make(struct forge_guest *g, const struct kind *k) {
        if (k->product == 0) {
                forge_guest_init_tdx(g, &pki, (uint16_t)k->version);
                return;
        }
        forge_guest_init(g, &pki, k->product);
        g->snp.version = k->version;
        if (!k->vlek)
                return;
        g->snp.signing_key = SNP_SIGNED_VLEK;
        memset(g->snp.chip_id, 0, sizeof(g->snp.chip_id));
        forge_guest_certify(g, NULL);
}

/* The expectation that its own evidence gives. */
static struct expectation *expect(const struct judge *j, const struct forge_bytes *bundle) {
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(verifier_freep) struct verifier *verifier = NULL;
        _cleanup_(freep) char *text = NULL;
        struct expectation *x = NULL;
        struct diag d = {};

        assert_int_equal(verifier_new(&j->settings, &verifier), 0);
        assert_int_equal(verifier_load_roots(verifier, j->roots, &d), 0);
        assert_int_equal(verifier_run(verifier, bundle->bytes, bundle->n, v, &d), 0);
        assert_int_equal(expectation_format(&v->evidence, v->product, &text), 0);
        verification_done(v);
        if (expectation_parse("from", text, strlen(text), &x, &problems, &d) < 0)
                fail_msg("%s", d.text);
        assert_int_equal(problems.n, 0);
        return x;
}

static void test_good_guests_are_trusted(void **state) {
        for (size_t i = 0; i < N_KINDS; i++) {
                _cleanup_(expectation_freep) struct expectation *x = NULL;
                _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
                struct judge j = ask(0);
                struct forge_bytes bundle;
                struct forge_guest g;
                struct diag d = {};

                make(&g, &kinds[i]);
                bundle = forge_guest_bundle(&g, NONCE, BIND);
                print_message("# %s\n", kinds[i].name);
                assert_against(&j, bundle.bytes, bundle.n, "measurement");
                x = expect(&j, &bundle);
                j.settings.expectation = x;
                assert_against(&j, bundle.bytes, bundle.n, "");
                assert_int_equal(judge_run(&j, bundle.bytes, bundle.n, v, &d), 0);
                assert_true(checks_trusted(&v->checks));
                assert_true(check_passed(&v->checks, CHECK_EVENT_LOG));
                assert_string_equal(v->checks.of[CHECK_REVOCATION].detail,
                        "no revocation list was given: --crl FILE names one");
                forge_bytes_done(&bundle);
                forge_guest_done(&g);
        }
}

/* Without the roots of that PKI nothing of it is authentic. */
static void test_other_roots(void **state) {
        struct judge j = ask(WAIVE_MEASUREMENT);

        j.roots = NULL;
        for (size_t i = 0; i < N_KINDS; i++) {
                struct forge_bytes bundle;
                struct forge_guest g;

                make(&g, &kinds[i]);
                bundle = forge_guest_bundle(&g, NONCE, BIND);
                assert_against(&j, bundle.bytes, bundle.n, kinds[i].product ? "amd-root" : "intel-root");
                forge_bytes_done(&bundle);
                forge_guest_done(&g);
        }
}

static void raise_debug(struct forge_guest *g) {
        g->snp.policy |= SNP_POLICY_DEBUG;
        g->td.attributes |= TDX_DEBUG;
}

static void raise_vmpl(struct forge_guest *g) {
        g->snp.vmpl = 2;
}

static void other_algorithm(struct forge_guest *g) {
        g->snp.signature_algorithm = 2;
}

static void not_signed(struct forge_guest *g) {
        g->snp.signing_key = SNP_SIGNED_NONE;
}

static void claims_vlek(struct forge_guest *g) {
        g->snp.signing_key = SNP_SIGNED_VLEK;
}

static void other_chip(struct forge_guest *g) {
        g->snp.chip_id[0] ^= 1;
}

static void other_chip_tail(struct forge_guest *g) {
        g->snp.chip_id[63] ^= 1;
}

static void other_tcb(struct forge_guest *g) {
        g->snp.reported.microcode--;
}

static void tcb_out_of_order(struct forge_guest *g) {
        g->snp.committed.snp = (uint8_t)(g->snp.current.snp + 1);
}

static void reported_above_committed(struct forge_guest *g) {
        g->snp.committed.microcode--;
}

static void other_product(struct forge_guest *g) {
        struct forge_vek v = forge_snp_vek(&g->snp);

        v.product = v.product == SNP_MILAN ? SNP_GENOA : SNP_MILAN;
        forge_guest_certify(g, &v);
}

static void expired(struct forge_guest *g) {
        struct forge_vek v = forge_snp_vek(&g->snp);

        v.not_after = FORGE_NOW - 1;
        forge_guest_certify(g, &v);
}

static void not_yet(struct forge_guest *g) {
        struct forge_vek v = forge_snp_vek(&g->snp);

        v.not_before = FORGE_NOW + 1;
        forge_guest_certify(g, &v);
}

static void wrapped_hwid(struct forge_guest *g) {
        struct forge_vek v = forge_snp_vek(&g->snp);

        v.wrapped = true;
        forge_guest_certify(g, &v);
}

static void other_ak_attributes(struct forge_guest *g) {
        g->ak_attributes &= ~UINT32_C(0x10000); /* not restricted */
}

static void other_ak(struct forge_guest *g) {
        g->ak = pki.key[FORGE_OTHER_AK];
}

static void rsapss(struct forge_guest *g) {
        g->scheme = FORGE_RSAPSS;
}

static void fewer_pcrs(struct forge_guest *g) {
        g->selected = 0xff00ff;
}

static void qe_of_another(struct forge_guest *g) {
        EVP_PKEY_free(g->quote.pck);
        g->quote.pck = forge_ec_key("P-256");
}

struct change {
        const char *name;
        void (*change)(struct forge_guest *g);
        enum snp_product product; /* 0: TDX */
        const char *against;
};

static const struct change changes[] = {
        { "none", NULL, SNP_MILAN, "" },
        { "HWID in an OCTET STRING", wrapped_hwid, SNP_MILAN, "" },
        { "RSAPSS", rsapss, SNP_MILAN, "" },
        { "fewer PCRs", fewer_pcrs, SNP_MILAN, "" },
        { "debug", raise_debug, SNP_MILAN, "debug" },
        { "debug", raise_debug, 0, "debug" },
        { "VMPL", raise_vmpl, SNP_GENOA, "vmpl" },
        { "algorithm", other_algorithm, SNP_GENOA, "snp-algorithm" },
        { "not signed", not_signed, SNP_GENOA, "snp-signing-key" },
        { "VCEK as VLEK", claims_vlek, SNP_GENOA, "snp-signing-key vek-chain" },
        { "chip", other_chip, SNP_MILAN, "vek-chip" },
        { "chip", other_chip, SNP_TURIN, "vek-chip" },
        { "behind the chip", other_chip_tail, SNP_TURIN, "vek-chip" },
        { "TCB", other_tcb, SNP_MILAN, "vek-tcb" },
        { "TCB", other_tcb, SNP_TURIN, "vek-tcb" },
        { "committed above current", tcb_out_of_order, SNP_TURIN, "snp-tcb-order" },
        { "reported above committed", reported_above_committed, SNP_GENOA, "snp-tcb-order" },
        { "product", other_product, SNP_GENOA, "vek-chain vek-product" },
        { "expired", expired, SNP_TURIN, "vek-validity" },
        { "not yet valid", not_yet, SNP_TURIN, "vek-validity" },
        { "AK without restriction", other_ak_attributes, SNP_MILAN, "ak-name" },
        { "AK of another", other_ak, SNP_MILAN, "quote-signature ak-name" },
        { "AK of another", other_ak, 0, "quote-signature ak-name" },
        { "PCK of another", qe_of_another, 0, "qe-signature" },
};

static void test_changes_are_found(void **state) {
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                const struct kind k = { "", changes[i].product, changes[i].product ? 3 : 4 };
                struct judge j = ask(WAIVE_MEASUREMENT);
                struct forge_bytes bundle;
                struct forge_guest g;

                make(&g, &k);
                if (changes[i].change)
                        changes[i].change(&g);
                bundle = forge_guest_bundle(&g, NONCE, BIND);
                print_message("# %s\n", changes[i].name);
                assert_against(&j, bundle.bytes, bundle.n, changes[i].against);
                forge_bytes_done(&bundle);
                forge_guest_done(&g);
        }
}

/* What the relying party knows decides what is held against the evidence. */
static void test_words(void **state) {
        static const struct {
                const char *nonce, *bind;
                unsigned waived;
                const char *against;
        } rows[] = {
                { NONCE, BIND, 0, "" },
                { "nonce of 16 bytf", BIND, 0, "nonce ak-restricted" },
                { "nonce of 16 byt", BIND, 0, "nonce ak-restricted" },
                { NONCE, "tls-kez", 0, "bind" },
                { NONCE, NULL, 0, "bind" },
                { NONCE, NULL, WAIVE_BIND, "" },
                { NULL, BIND, 0, "nonce ak-restricted" },
                { NULL, BIND, WAIVE_NONCE, "ak-restricted" },
                { NULL, BIND, WAIVE_NONCE | WAIVE_AK, "" },
                { NULL, NULL, WAIVE_NONCE | WAIVE_BIND | WAIVE_AK, "" },
        };
        struct forge_bytes bundle;
        struct forge_guest g;

        forge_guest_init(&g, &pki, SNP_MILAN);
        bundle = forge_guest_bundle(&g, NONCE, BIND);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct judge j = ask(WAIVE_MEASUREMENT | rows[i].waived);

                j.settings.nonce = (const uint8_t *)rows[i].nonce;
                j.settings.n_nonce = rows[i].nonce ? strlen(rows[i].nonce) : 0;
                j.settings.bind = (const uint8_t *)rows[i].bind;
                j.settings.n_bind = rows[i].bind ? strlen(rows[i].bind) : 0;
                assert_against(&j, bundle.bytes, bundle.n, rows[i].against);
        }
        forge_bytes_done(&bundle);
        forge_guest_done(&g);
}

/* Azure's word for the AK stands in for a nonce that is not known. */
static void test_ak_certificate(void **state) {
        struct judge j = ask(WAIVE_MEASUREMENT | WAIVE_NONCE);
        struct forge_bytes bundle, ca = {};
        struct forge_guest g;

        j.settings.nonce = NULL;
        forge_guest_init(&g, &pki, SNP_MILAN);
        bundle = forge_guest_bundle(&g, NONCE, BIND);
        forge_put_pem(&ca, pki.ca[FORGE_AZURE_CA].certificate);
        assert_against(&j, bundle.bytes, bundle.n, "ak-restricted");
        j.certificates[0] = ca.bytes;
        j.n_certificates[0] = ca.n;
        assert_against(&j, bundle.bytes, bundle.n, "");
        forge_bytes_done(&bundle);

        /* For another key; by a CA that is not Azure's; not for attestation. */
        X509_free(g.ak_certificate);
        g.ak_certificate = forge_ak_certificate(&pki, &(struct forge_ak){}, pki.key[FORGE_OTHER_AK]);
        bundle = forge_guest_bundle(&g, NONCE, BIND);
        assert_against(&j, bundle.bytes, bundle.n, "ak-certificate-key ak-restricted");
        forge_bytes_done(&bundle);
        X509_free(g.ak_certificate);
        g.ak_certificate = forge_ak_certificate(&pki, &(struct forge_ak){ .without_usage = true }, g.ak);
        bundle = forge_guest_bundle(&g, NONCE, BIND);
        assert_against(&j, bundle.bytes, bundle.n, "ak-certificate-chain ak-restricted");
        forge_bytes_done(&bundle);
        forge_bytes_done(&ca);
        forge_guest_done(&g);
}

/* Evidence with one record changed or taken away. */
static void judge_evidence(const struct judge *j, const struct forge_evidence *e, const char *against) {
        struct forge_bytes bundle = forge_bundle(e);

        assert_against(j, bundle.bytes, bundle.n, against);
        forge_bytes_done(&bundle);
}

static void test_records(void **state) {
        static const struct {
                enum bundle_record without;
                const char *against;
        } rows[] = {
                { BUNDLE_CLAIMS, "records nonce bind ak-restricted" },
                { BUNDLE_BATCH, "records nonce bind ak-restricted" },
                { BUNDLE_HCL_REPORT, "records user-data ak-restricted" },
                { BUNDLE_TPM_QUOTE, "records" },
                { BUNDLE_AK_CERTIFICATE, "" },
                { BUNDLE_SNP_VEK_CHAIN, "snp-signature" },
        };
        struct forge_ask asked = { NONCE, strlen(NONCE), BIND, strlen(BIND) };
        struct judge j = ask(WAIVE_MEASUREMENT);
        struct forge_guest g;

        forge_guest_init(&g, &pki, SNP_MILAN);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct forge_evidence e;

                forge_guest_evidence(&g, &asked, &e);
                forge_bytes_done(&e.record[rows[i].without]);
                print_message("# without %s\n", bundle_record_name(rows[i].without));
                judge_evidence(&j, &e, rows[i].against);
                forge_evidence_done(&e);
        }
        forge_guest_done(&g);
}

/* Several share a report; a report that was not made anew. */
static void test_batch_and_freshness(void **state) {
        struct digest others[2] = { { { 1 } }, { { 2 } } };
        struct forge_ask asked = { NONCE, strlen(NONCE), BIND, strlen(BIND), others, 2 };
        struct judge j = ask(WAIVE_MEASUREMENT);
        struct expectation quote_suffices = { .freshness = 1U << FRESHNESS_QUOTE };
        uint8_t old[64] = { 7 };
        struct forge_evidence e;
        struct forge_guest g;

        forge_guest_init(&g, &pki, SNP_MILAN);
        forge_guest_evidence(&g, &asked, &e);
        judge_evidence(&j, &e, "");
        forge_evidence_done(&e);

        asked = (struct forge_ask){ NONCE, strlen(NONCE), BIND, strlen(BIND), .user_data = old };
        forge_guest_evidence(&g, &asked, &e);
        judge_evidence(&j, &e, "freshness ak-restricted");
        j.settings.expectation = &quote_suffices;
        judge_evidence(&j, &e, "ak-restricted");
        forge_evidence_done(&e);
        forge_guest_done(&g);
}

/* A nonce as it came, which the tag tells from a batch. */
static void test_raw_nonce_is_no_batch(void **state) {
        static const char quote[] = "\"freshness\":\"quote\"", report[] = "\"freshness\":\"report\"";
        struct forge_ask asked = { NONCE, strlen(NONCE), BIND, strlen(BIND) };
        struct judge j = ask(WAIVE_MEASUREMENT);
        struct forge_evidence e;
        struct forge_bytes *batch, changed = {};
        struct forge_guest g;
        uint8_t raw[64];
        char *at;

        forge_guest_init(&g, &pki, SNP_MILAN);
        assert_int_equal(raw_user_data(NONCE, strlen(NONCE), raw, NULL), 0);
        asked.user_data = raw;
        forge_guest_evidence(&g, &asked, &e);
        batch = &e.record[BUNDLE_BATCH];
        at = strstr((char *)batch->bytes, quote);
        assert_non_null(at);
        forge_put(&changed, batch->bytes, (size_t)(at - (char *)batch->bytes));
        forge_text(&changed, "%s%s", report, at + strlen(quote));
        forge_bytes_done(batch);
        *batch = changed;
        judge_evidence(&j, &e, "user-data-tag user-data ak-restricted");
        forge_evidence_done(&e);
        forge_guest_done(&g);
}

/* A guest without a paravisor: the hardware's report alone, its report data what user-data is otherwise. */
static void make_tsm(struct forge_guest *g, struct forge_evidence *e, const uint8_t user_data[64]) {
        static const enum bundle_record others[] = { BUNDLE_HCL_REPORT, BUNDLE_TPM_QUOTE,
                BUNDLE_TPM_EVENT_LOG, BUNDLE_AK_CERTIFICATE, BUNDLE_TSM_REPORT };
        struct tsm_report tsm = { .provider = "sev_guest", .generation = 1, .n_outblob = FORGE_SNP_SIZE };
        _cleanup_(freep) char *text = NULL;
        uint8_t report[FORGE_SNP_SIZE];

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                forge_bytes_done(&e->record[others[i]]);
        memcpy(g->snp.report_data, user_data, 64);
        memcpy(tsm.inblob, user_data, 64);
        tsm.n_inblob = 64;
        forge_snp_make(&g->snp, g->vek, report);
        tsm.outblob = report;
        assert_int_equal(tsm_report_format(&tsm, &text), 0);
        e->record[BUNDLE_TSM_REPORT] = forge_copy(text, strlen(text));
}

static void test_tsm(void **state) {
        struct forge_ask asked = { NONCE, strlen(NONCE), BIND, strlen(BIND) };
        struct judge j = ask(WAIVE_MEASUREMENT);
        uint8_t user_data[USER_DATA_SIZE];
        struct forge_evidence e;
        struct forge_guest g;
        struct batch batch;

        forge_guest_init(&g, &pki, SNP_GENOA);
        forge_guest_evidence(&g, &asked, &e);
        assert_int_equal(batch_parse(e.record[BUNDLE_BATCH].bytes, e.record[BUNDLE_BATCH].n, &batch, NULL),
                0);
        assert_int_equal(batch_user_data(batch.bindings, batch.n_bindings, user_data), 0);
        make_tsm(&g, &e, user_data);
        judge_evidence(&j, &e, "");
        user_data[0] ^= 1;
        make_tsm(&g, &e, user_data);
        judge_evidence(&j, &e, "user-data");
        user_data[63] ^= 1;
        make_tsm(&g, &e, user_data);
        judge_evidence(&j, &e, "user-data-tag user-data");
        forge_evidence_done(&e);
        forge_guest_done(&g);
}

/* The log of a boot with one event more, which the quote does not have. */
static struct forge_bytes longer_log(struct forge_guest *g) {
        forge_log_event(&g->log, 7, 0x80000001, "more", 4);
        return forge_copy(g->log.bytes.bytes, g->log.bytes.n);
}

static void test_logs(void **state) {
        struct forge_ask asked = { NONCE, strlen(NONCE), BIND, strlen(BIND) };
        struct expectation excused = { .unexplained = 1U << 7 };
        struct judge j = ask(WAIVE_MEASUREMENT);
        struct forge_evidence e;
        struct forge_guest g;

        forge_guest_init(&g, &pki, SNP_MILAN);
        forge_guest_evidence(&g, &asked, &e);
        judge_evidence(&j, &e, "");
        forge_bytes_done(&e.record[BUNDLE_TPM_EVENT_LOG]);
        judge_evidence(&j, &e, "");
        e.record[BUNDLE_TPM_EVENT_LOG] = longer_log(&g);
        judge_evidence(&j, &e, "event-log");
        j.settings.expectation = &excused;
        judge_evidence(&j, &e, "");
        e.record[BUNDLE_TPM_EVENT_LOG].n -= 3;
        judge_evidence(&j, &e, "event-log");
        forge_evidence_done(&e);
        forge_guest_done(&g);
}

static void test_trustee(void **state) {
        struct judge j = ask(WAIVE_MEASUREMENT | WAIVE_BIND);
        struct forge_bytes chain, evidence;
        struct forge_guest g;

        j.settings.bind = NULL;
        forge_guest_init(&g, &pki, SNP_MILAN);
        chain = forge_vek_chain(&pki, SNP_MILAN, false, NULL);
        j.certificates[0] = chain.bytes;
        j.n_certificates[0] = chain.n;
        for (unsigned version = 0; version <= 2; version++) {
                evidence = forge_guest_trustee(&g, version, NONCE);
                assert_against(&j, evidence.bytes, evidence.n, "");
                forge_bytes_done(&evidence);
        }
        evidence = forge_guest_trustee(&g, 2, "another nonce");
        assert_against(&j, evidence.bytes, evidence.n, "nonce ak-restricted");
        forge_bytes_done(&evidence);
        forge_bytes_done(&chain);
        forge_guest_done(&g);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_guests_are_trusted),
        cmocka_unit_test(test_other_roots),
        cmocka_unit_test(test_changes_are_found),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_ak_certificate),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_batch_and_freshness),
        cmocka_unit_test(test_raw_nonce_is_no_batch),
        cmocka_unit_test(test_tsm),
        cmocka_unit_test(test_logs),
        cmocka_unit_test(test_trustee),
};

RUN_WITH(tests, load, unload)
