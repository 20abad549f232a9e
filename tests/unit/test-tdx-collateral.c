/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/verify/tdx-collateral: what Intel says of a platform, its module and its enclave, and who says so. */
#include <errno.h>

#include "lib/verify/tdx-collateral.h"
#include "tests/forge/forge.h"
#include "tests/unit/scratch.h"
#include "tests/unit/verify-harness.h"

#define NONCE "nonce of 16 byte"

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

/* A guest with its evidence, and collateral that fits. */
struct scene {
        struct forge_guest guest;
        struct forge_collateral collateral;
        EVP_PKEY *key; /* that signs collateral; NULL: Intel's */
        struct forge_bytes bundle, info, identity, chain;
        struct judge judge;
};

static void scene_init(struct scene *s, uint16_t version) {
        *s = (struct scene){
                .judge = {
                        .roots = roots.path,
                        .settings = {
                                .at = FORGE_NOW,
                                .waived = WAIVE_MEASUREMENT | WAIVE_BIND,
                                .nonce = (const uint8_t *)NONCE,
                                .n_nonce = strlen(NONCE),
                        },
                },
        };
        forge_guest_init_tdx(&s->guest, &pki, version);
        forge_collateral_init(&s->collateral, &s->guest.pck);
        s->chain = forge_tcb_chain(&pki);
}

static void add(struct judge *j, const struct forge_bytes *file) {
        size_t i = 0;

        while (j->collateral[i])
                i++;
        j->collateral[i] = file->bytes;
        j->n_collateral[i] = file->n;
}

/* After the last change. */
static void scene_make(struct scene *s) {
        s->bundle = forge_guest_bundle(&s->guest, NONCE, "");
        s->info = forge_tcb_info(&pki, &s->collateral, s->key);
        s->identity = forge_qe_identity(&pki, &s->collateral, s->key);
        add(&s->judge, &s->info);
        add(&s->judge, &s->identity);
        add(&s->judge, &s->chain);
}

static void scene_done(struct scene *s) {
        forge_bytes_done(&s->bundle);
        forge_bytes_done(&s->info);
        forge_bytes_done(&s->identity);
        forge_bytes_done(&s->chain);
        forge_guest_done(&s->guest);
}

/* That exactly these checks count against it, and that tdx-tcb or, where that passes, qe-identity says so.
 */
static void assert_outcome(const struct scene *s, const char *against, enum check_id id, const char *says) {
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        struct diag d = {};

        assert_against(&s->judge, s->bundle.bytes, s->bundle.n, against);
        assert_int_equal(judge_run(&s->judge, s->bundle.bytes, s->bundle.n, v, &d), 0);
        if (!strstr(v->checks.of[id].detail, says))
                fail_msg("%s: \"%s\" does not say \"%s\"", check_name(id), v->checks.of[id].detail, says);
}

static void good_platforms(void **state) {
        for (uint16_t version = 4; version <= 5; version++) {
                _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
                _cleanup_(scene_done) struct scene s;
                struct diag d = {};

                scene_init(&s, version);
                scene_make(&s);
                assert_outcome(&s, "", CHECK_TDX_TCB, "UpToDate, TCB of 2025-05-14");
                assert_int_equal(judge_run(&s.judge, s.bundle.bytes, s.bundle.n, v, &d), 0);
                assert_int_equal(v->checks.of[CHECK_TDX_TCB].result, CHECK_PASS);
                assert_int_equal(v->checks.of[CHECK_QE_IDENTITY].result, CHECK_PASS);
        }
}

static void module_of_tdx_1_0(struct scene *s) {
        s->guest.td.tee_tcb_svn[1] = 0; /* tdxModule; components 0 and 1 count */
        memset(s->collateral.tdx_svn, 0, sizeof(s->collateral.tdx_svn));
        s->collateral.tdx_svn[0] = 7;
}

static void module_of_tdx_1_0_below(struct scene *s) {
        module_of_tdx_1_0(s);
        s->collateral.tdx_svn[0] = 8;
}

static void hardening(struct scene *s) {
        s->collateral.status = "SWHardeningNeeded";
}

static void configuration(struct scene *s) {
        s->collateral.status = "ConfigurationNeeded";
}

static void out_of_date(struct scene *s) {
        s->collateral.status = "OutOfDate";
}

static void revoked(struct scene *s) {
        s->collateral.status = "Revoked";
}

static void module_out_of_date(struct scene *s) {
        s->collateral.module_status = "OutOfDate";
}

static void module_revoked(struct scene *s) {
        s->collateral.module_status = "Revoked";
}

static void qe_out_of_date(struct scene *s) {
        s->collateral.qe_status = "OutOfDate";
}

static void qe_revoked(struct scene *s) {
        s->collateral.qe_status = "Revoked";
}

static void qe_svn(struct scene *s) {
        s->collateral.qe_svn = s->guest.quote.qe_svn + 1U;
}

static void qe_signer(struct scene *s) {
        s->guest.quote.qe_mrsigner[31] ^= 1;
}

static void qe_product(struct scene *s) {
        s->guest.quote.qe_prod_id = 1; /* Intel's, for SGX */
}

static void qe_debug(struct scene *s) {
        s->guest.quote.qe_attributes[0] |= 2;
}

static void qe_attribute_that_does_not_count(struct scene *s) {
        s->guest.quote.qe_attributes[0] |= 4; /* outside of the mask */
}

static void sgx_component(struct scene *s) {
        s->collateral.sgx_svn[15]++;
}

static void pce(struct scene *s) {
        s->collateral.pcesvn++;
}

static void tdx_component(struct scene *s) {
        s->collateral.tdx_svn[2] = 4;
}

static void tdx_components_of_the_module(struct scene *s) {
        s->collateral.tdx_svn[0] = s->collateral.tdx_svn[1] = 255;
}

static void unknown_module(struct scene *s) {
        s->collateral.module_version = 2;
}

static void module_signer(struct scene *s) {
        s->guest.td.mrsignerseam[0] = 1;
}

static void module_attributes(struct scene *s) {
        s->guest.td.seam_attributes = 1;
}

static void module_svn(struct scene *s) {
        s->collateral.module_svn = 8;
}

static void other_platform(struct scene *s) {
        s->collateral.fmspc[5]++;
}

static void other_pce(struct scene *s) {
        s->collateral.pceid[0]++;
}

static void issued_later(struct scene *s) {
        s->collateral.issue_date = "2026-06-02T00:00:00Z";
}

static void over(struct scene *s) {
        s->collateral.next_update = "2026-05-31T23:59:59Z";
}

static void over_in_a_moment(struct scene *s) {
        s->collateral.next_update = FORGE_NOW_TEXT;
}

static void by_a_platform(struct scene *s) {
        s->key = s->guest.quote.pck; /* a key that Intel certified, for something else */
        forge_bytes_done(&s->chain);
        s->chain = forge_pck_chain(&pki, s->guest.quote.pck_certificate);
}

/* Right below the root, and for another purpose. */
static void by_something_else_of_intel(struct scene *s) {
        struct forge_certificate c = {
                .subject = "/CN=Intel SGX Something/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
                .key = s->guest.quote.pck,
                .issuer = &pki.ca[FORGE_INTEL_ROOT],
        };
        X509 *certificate = forge_certificate_make(&c);

        s->key = s->guest.quote.pck;
        forge_bytes_done(&s->chain);
        forge_put_pem(&s->chain, certificate);
        forge_put_pem(&s->chain, pki.ca[FORGE_INTEL_ROOT].certificate);
        X509_free(certificate);
}

static void by_somebody(struct scene *s) {
        s->key = s->guest.quote.attestation_key;
}

static void by_nobody_in_sight(struct scene *s) {
        forge_bytes_done(&s->chain);
}

static void every_change_has_its_check(void **state) {
        static const struct {
                void (*change)(struct scene *s);
                const char *against;
                enum check_id id;
                const char *says;
        } rows[] = {
                { module_of_tdx_1_0, "", CHECK_TDX_TCB, "UpToDate" },
                { module_of_tdx_1_0_below, "tdx-tcb", CHECK_TDX_TCB, "the platform: OutOfDate" },
                { hardening, "tdx-tcb", CHECK_TDX_TCB,
                        "the platform: SWHardeningNeeded, TCB of 2025-05-14" },
                { configuration, "tdx-tcb", CHECK_TDX_TCB, "the platform: ConfigurationNeeded" },
                { out_of_date, "tdx-tcb", CHECK_TDX_TCB, "the platform: OutOfDate" },
                { revoked, "tdx-tcb revocation", CHECK_REVOCATION, "revoked the TCB that the platform has" },
                { module_out_of_date, "tdx-tcb", CHECK_TDX_TCB, "the TDX module: OutOfDate" },
                { module_revoked, "tdx-tcb revocation", CHECK_REVOCATION, "that the TDX module has" },
                { qe_out_of_date, "tdx-tcb", CHECK_TDX_TCB, "the quoting enclave: OutOfDate" },
                { qe_revoked, "tdx-tcb revocation", CHECK_REVOCATION, "that the quoting enclave has" },
                { qe_svn, "tdx-tcb", CHECK_TDX_TCB, "the quoting enclave: OutOfDate, TCB of 2018-01-01" },
                { qe_signer, "qe-identity", CHECK_QE_IDENTITY, "another MRSIGNER" },
                { qe_product, "qe-identity", CHECK_QE_IDENTITY, "another ISVPRODID" },
                { qe_debug, "qe-identity", CHECK_QE_IDENTITY, "another attributes" },
                { qe_attribute_that_does_not_count, "", CHECK_QE_IDENTITY, "version 8" },
                { sgx_component, "tdx-tcb", CHECK_TDX_TCB, "the platform: OutOfDate" },
                { pce, "tdx-tcb", CHECK_TDX_TCB, "the platform: OutOfDate" },
                { tdx_component, "tdx-tcb", CHECK_TDX_TCB, "the platform: OutOfDate" },
                { tdx_components_of_the_module, "", CHECK_TDX_TCB, "UpToDate" },
                { unknown_module, "tdx-tcb", CHECK_TDX_TCB, "no TDX module TDX_01" },
                { module_signer, "tdx-tcb", CHECK_TDX_TCB, "another signer or other attributes" },
                { module_attributes, "tdx-tcb", CHECK_TDX_TCB, "another signer or other attributes" },
                { module_svn, "tdx-tcb", CHECK_TDX_TCB, "the TDX module: OutOfDate" },
                { other_platform, "", CHECK_TDX_TCB, "no TCB info for FMSPC 90C06F000000" },
                { other_pce, "", CHECK_TDX_TCB, "no TCB info for FMSPC 90C06F000000" },
                { issued_later, "tdx-tcb qe-identity", CHECK_TDX_TCB, "issued later, on 2026-06-02" },
                { over, "tdx-tcb qe-identity", CHECK_QE_IDENTITY, "expired on 2026-05-31" },
                { over_in_a_moment, "", CHECK_TDX_TCB, "UpToDate" },
                { by_a_platform, "tdx-tcb qe-identity", CHECK_TDX_TCB, "not that of Intel SGX TCB Signing" },
                { by_something_else_of_intel, "tdx-tcb qe-identity", CHECK_TDX_TCB,
                        "not that of Intel SGX TCB Signing" },
                { by_somebody, "tdx-tcb qe-identity", CHECK_QE_IDENTITY, "not by the key of" },
                { by_nobody_in_sight, "tdx-tcb qe-identity", CHECK_TDX_TCB, "was not given" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(scene_done) struct scene s;

                print_message("# row %zu: %s\n", i, rows[i].says);
                scene_init(&s, 4);
                rows[i].change(&s);
                scene_make(&s);
                assert_outcome(&s, rows[i].against, rows[i].id, rows[i].says);
        }
}

/* An expectation may accept more than UpToDate, word by word, but never what Intel revoked. */
static void statuses_that_are_expected(void **state) {
        static const struct {
                const char *text, *status, *against;
        } rows[] = {
                { "{\"version\":1,\"tdx-tcb\":\"UpToDate\"}", "SWHardeningNeeded", "tdx-tcb" },
                { "{\"version\":1,\"tdx-tcb\":[\"UpToDate\",\"SWHardeningNeeded\"]}", "SWHardeningNeeded",
                        "" },
                { "{\"version\":1,\"tdx-tcb\":[\"UpToDate\",\"SWHardeningNeeded\"]}", "UpToDate", "" },
                { "{\"version\":1,\"tdx-tcb\":[\"UpToDate\",\"SWHardeningNeeded\"]}", "OutOfDate",
                        "tdx-tcb" },
                { "{\"version\":1,\"tdx-tcb\":\"OutOfDate\"}", "UpToDate", "tdx-tcb" },
                { "{\"version\":1,\"tdx-tcb\":[\"UpToDate\",\"OutOfDate\"]}", "Revoked",
                        "tdx-tcb revocation" },
                { "{\"version\":1,\"tdx-tcb\":\"Revoked\"}", NULL, NULL },
                { "{\"version\":1,\"tdx-tcb\":[]}", NULL, NULL },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(expectation_freep) struct expectation *x = NULL;
                _cleanup_(scene_done) struct scene s;
                struct diag d = {};

                scene_init(&s, 4);
                assert_int_equal(
                        expectation_parse("it", rows[i].text, strlen(rows[i].text), &x, &problems, &d),
                        rows[i].status ? 0 : -EBADMSG);
                if (!rows[i].status)
                        continue;
                s.collateral.status = rows[i].status;
                s.judge.settings.expectation = x;
                scene_make(&s);
                assert_outcome(&s, rows[i].against, CHECK_TDX_TCB, "TCB of 2025-05-14");
        }
}

/* What counts are the bytes that were signed, not what they mean; what is around them does not. */
static void another_byte_in_what_is_signed(void **state) {
        static const struct {
                const char *what, *by, *against;
        } rows[] = {
                { "\"id\":\"TDX\"", "\"id\": \"TDX\"", "tdx-tcb" },
                { "\"fmspc\":\"90C06F", "\"fmspc\":\"90c06f", "tdx-tcb" },
                { "]},\"signature\"", "] },\"signature\"", "tdx-tcb" },
                { "]},\"signature\"", "]} , \"signature\"", "" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes other = {};
                _cleanup_(scene_done) struct scene s;
                const char *at;

                scene_init(&s, 4);
                scene_make(&s);
                at = strstr((const char *)s.info.bytes, rows[i].what);
                assert_non_null(at);
                forge_put(&other, s.info.bytes, (size_t)(at - (const char *)s.info.bytes));
                forge_text(&other, "%s%s", rows[i].by, at + strlen(rows[i].what));
                s.judge.collateral[0] = other.bytes;
                s.judge.n_collateral[0] = other.n;
                assert_outcome(&s, rows[i].against, CHECK_TDX_TCB,
                        rows[i].against[0] ? "its signature is not by the key" : "UpToDate");
        }
}

/* A root that is not pinned vouches for nothing, however well all fits together. */
static void other_roots(void **state) {
        _cleanup_(scratch_done) struct scratch empty = scratch_new();
        _cleanup_(scene_done) struct scene s;

        scene_init(&s, 4);
        scene_make(&s);
        s.judge.roots = empty.path;
        assert_outcome(&s, "intel-root tdx-tcb qe-identity", CHECK_TDX_TCB, "not a root that is pinned");
}

static void files_that_are_no_collateral(void **state) {
        _cleanup_(certificate_cache_freep) struct certificate_cache *cache = NULL;
        _cleanup_(tdx_collateral_freep) struct tdx_collateral *t = NULL;
        _cleanup_(scene_done) struct scene s;
        struct diag d = {};

        scene_init(&s, 4);
        scene_make(&s);
        assert_int_equal(certificate_cache_new(&cache), 0);
        assert_int_equal(tdx_collateral_new(&t), 0);
        assert_int_equal(tdx_collateral_add(t, cache, "a", "", 0, &d), -EBADMSG);
        assert_int_equal(tdx_collateral_add(t, cache, "a", "{}", 2, &d), -EBADMSG);
        assert_int_equal(tdx_collateral_add(t, cache, "a", "x", 1, &d), -EBADMSG);
        assert_int_equal(tdx_collateral_add(t, cache, "a", s.info.bytes, s.info.n - 1, &d), -EBADMSG);
        assert_int_equal(tdx_collateral_add(t, cache, "a", s.info.bytes, s.info.n, &d), 0);
        assert_int_equal(tdx_collateral_add(t, cache, "b", s.info.bytes, s.info.n, &d), -EBADMSG);
        assert_string_equal(d.text, "b: about the same as a");
        assert_int_equal(tdx_collateral_add(t, cache, "c", s.identity.bytes, s.identity.n, &d), 0);
        assert_int_equal(tdx_collateral_add(t, cache, "d", s.identity.bytes, s.identity.n, &d), -EBADMSG);
        assert_int_equal(tdx_collateral_add(t, cache, "e", s.chain.bytes, s.chain.n, &d), 0);
        assert_int_equal(tdx_collateral_add(t, cache, "f", s.chain.bytes, s.chain.n, &d), -EBADMSG);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_platforms),
        cmocka_unit_test(every_change_has_its_check),
        cmocka_unit_test(statuses_that_are_expected),
        cmocka_unit_test(another_byte_in_what_is_signed),
        cmocka_unit_test(other_roots),
        cmocka_unit_test(files_that_are_no_collateral),
};

RUN_WITH(tests, load, unload)
