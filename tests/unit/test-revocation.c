/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/verify/revocation: certificates that were taken back, and lists that say so. */
#include <errno.h>

#include "lib/format/pem.h"
#include "lib/verify/revocation.h"
#include "tests/forge/forge.h"
#include "tests/unit/scratch.h"
#include "tests/unit/verify-harness.h"

#define NONCE "nonce of 16 byte"

static struct forge_pki pki;
static struct scratch roots;
static struct forge_bytes azure_ca,
        azure_lists; /* so that nothing is left open about the AK's certificate */

static int unload(void **state) {
        forge_bytes_done(&azure_ca);
        forge_bytes_done(&azure_lists);
        scratch_done(&roots);
        forge_pki_done(&pki);
        return 0;
}

static long serial_of(const X509 *certificate) {
        return ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

/* PEM of a list by that CA; serial 0: it is empty. */
static struct forge_bytes list_by(const struct forge_ca *ca, long serial, time_t next_update) {
        X509_CRL *crl = forge_crl_make(ca, &serial, serial ? 1 : 0, FORGE_NOW - 86400, next_update);
        struct forge_bytes b = {};

        forge_put_crl_pem(&b, crl);
        X509_CRL_free(crl);
        return b;
}

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        roots = scratch_new();
        forge_pki_save_roots(&pki, roots.path);
        forge_put_pem(&azure_ca, pki.ca[FORGE_AZURE_CA].certificate);
        for (unsigned i = 0; i < 2; i++) {
                struct forge_bytes list = list_by(&pki.ca[i ? FORGE_AZURE_CA : FORGE_AZURE_ROOT], 0, 0);

                forge_put(&azure_lists, list.bytes, list.n);
                forge_bytes_done(&list);
        }
        return 0;
}

static struct judge ask(void) {
        return (struct judge){
                .roots = roots.path,
                .certificates = { azure_ca.bytes },
                .n_certificates = { azure_ca.n },
                .settings = {
                        .at = FORGE_NOW,
                        .waived = WAIVE_MEASUREMENT | WAIVE_BIND,
                        .nonce = (const uint8_t *)NONCE,
                        .n_nonce = strlen(NONCE),
                },
        };
}

static void add_list(struct judge *j, const struct forge_bytes *list) {
        size_t i = 0;

        while (j->crls[i])
                i++;
        j->crls[i] = list->bytes;
        j->n_crls[i] = list->n;
}

static void assert_revocation(const struct judge *j, const struct forge_bytes *bundle,
        enum check_result result, const char *says) {
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        const struct check *c = &v->checks.of[CHECK_REVOCATION];
        struct diag d = {};

        assert_against(j, bundle->bytes, bundle->n, result == CHECK_FAIL ? "revocation" : "");
        assert_int_equal(judge_run(j, bundle->bytes, bundle->n, v, &d), 0);
        if (c->result != result || !strstr(c->detail, says))
                fail_msg("%s: \"%s\" does not say \"%s\"", check_result_to_string(c->result), c->detail,
                        says);
        assert_int_equal(checks_authentic(&v->checks), result != CHECK_FAIL);
}

/* AMD's ARK takes ASKs back; the ASK signs no lists, so that VEKs stay for as long as they last. */
static void amd(void **state) {
        const struct forge_ca *ark = &pki.ca[FORGE_ARK_MILAN];
        struct forge_ca imitation = {};
        long ask_serial = serial_of(pki.ca[FORGE_ASK_MILAN].certificate);

        forge_ca_imitate(&pki, FORGE_ARK_MILAN, &imitation);
        const struct {
                const struct forge_ca *ca;
                long serial;
                time_t next_update;
                enum check_result result;
                const char *says;
        } rows[] = {
                { ark, 0, FORGE_NOW + 60, CHECK_PASS, "not revoked" },
                { ark, 0, FORGE_NOW, CHECK_PASS, "not revoked" },
                { ark, ask_serial + 77, FORGE_NOW + 60, CHECK_PASS, "not revoked" },
                { ark, ask_serial, FORGE_NOW + 60, CHECK_FAIL, "was revoked on 2026-05-31 by ARK-Milan" },
                { ark, ask_serial, FORGE_NOW - 60, CHECK_FAIL, "was revoked on 2026-05-31" },
                { ark, 0, FORGE_NOW - 1, CHECK_FAIL, "expired on 2026-05-31" },
                { &imitation, 0, FORGE_NOW + 60, CHECK_FAIL, "not signed by the key of ARK-Milan" },
                { &pki.ca[FORGE_ARK_GENOA], 0, FORGE_NOW + 60, CHECK_UNAVAILABLE,
                        "no revocation list by ARK-Milan" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes list = {}, bundle = {};
                struct forge_guest g;
                struct judge j = ask();

                forge_guest_init(&g, &pki, SNP_MILAN);
                bundle = forge_guest_bundle(&g, NONCE, "");
                list = list_by(rows[i].ca, rows[i].serial, rows[i].next_update);
                add_list(&j, &list);
                add_list(&j, &azure_lists);
                print_message("# row %zu: %s\n", i, rows[i].says);
                assert_revocation(&j, &bundle, rows[i].result, rows[i].says);
                forge_guest_done(&g);
        }
        forge_ca_done(&imitation);
}

/* Intel's root takes back the platform CA and the signer of collateral; the platform CA takes back
 * platforms. */
static void intel(void **state) {
        const struct forge_ca *root = &pki.ca[FORGE_INTEL_ROOT], *platform = &pki.ca[FORGE_INTEL_PLATFORM];
        _cleanup_(forge_bytes_done) struct forge_bytes root_list = list_by(root, 0, 0), bundle = {},
                                                       platform_list = list_by(platform, 0, 0);
        struct forge_guest g;
        struct judge j = ask();

        forge_guest_init_tdx(&g, &pki, 4);
        bundle = forge_guest_bundle(&g, NONCE, "");
        assert_revocation(&j, &bundle, CHECK_UNAVAILABLE, "no revocation list was given");
        add_list(&j, &root_list);
        assert_revocation(&j, &bundle, CHECK_UNAVAILABLE, "no revocation list by Intel SGX PCK Platform CA");
        add_list(&j, &platform_list);
        add_list(&j, &azure_lists);
        assert_revocation(&j, &bundle, CHECK_PASS, "2 certificates are not revoked");

        forge_bytes_done(&platform_list);
        platform_list = list_by(platform, serial_of(g.quote.pck_certificate), 0);
        j = ask();
        add_list(&j, &root_list);
        add_list(&j, &platform_list);
        assert_revocation(&j, &bundle, CHECK_FAIL, "Intel SGX PCK Certificate was revoked on 2026-05-31");

        forge_bytes_done(&root_list);
        root_list = list_by(root, serial_of(platform->certificate), 0);
        j = ask();
        add_list(&j, &root_list);
        assert_revocation(&j, &bundle, CHECK_FAIL, "Intel SGX PCK Platform CA was revoked");
        forge_guest_done(&g);
}

/* Collateral by a signer that was taken back says nothing any more. */
static void signer_of_collateral(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes bundle = {}, info = {}, chain = forge_tcb_chain(&pki),
                                                       list = list_by(&pki.ca[FORGE_INTEL_ROOT],
                                                               serial_of(
                                                                       pki.ca[FORGE_INTEL_TCB].certificate),
                                                               0);
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        struct forge_collateral c;
        struct forge_guest g;
        struct judge j = ask();
        struct diag d = {};

        forge_guest_init_tdx(&g, &pki, 4);
        bundle = forge_guest_bundle(&g, NONCE, "");
        forge_collateral_init(&c, &g.pck);
        info = forge_tcb_info(&pki, &c, NULL);
        j.collateral[0] = info.bytes;
        j.n_collateral[0] = info.n;
        j.collateral[1] = chain.bytes;
        j.n_collateral[1] = chain.n;
        add_list(&j, &list);
        assert_against(&j, bundle.bytes, bundle.n, "tdx-tcb");
        assert_int_equal(judge_run(&j, bundle.bytes, bundle.n, v, &d), 0);
        assert_non_null(strstr(v->checks.of[CHECK_TDX_TCB].detail, "Intel SGX TCB Signing was revoked"));
        forge_guest_done(&g);
}

static void azure(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes bundle = {}, list = {};
        struct forge_guest g;
        struct judge j = ask();

        forge_guest_init(&g, &pki, SNP_MILAN);
        bundle = forge_guest_bundle(&g, NONCE, "");
        list = list_by(&pki.ca[FORGE_AZURE_CA], serial_of(g.ak_certificate), 0);
        add_list(&j, &list);
        assert_revocation(&j, &bundle, CHECK_FAIL, "was revoked on 2026-05-31");
        forge_guest_done(&g);
}

static int add(const void *bytes, size_t n, struct diag *d) {
        _cleanup_(revocation_freep) struct revocation *r = NULL;
        _cleanup_(freep) uint8_t *exact = copy_exact(bytes, n);

        assert_int_equal(revocation_new(&r), 0);
        return revocation_add(r, "it", exact, n, d);
}

static struct forge_bytes der_of(const X509_CRL *crl) {
        struct forge_bytes b = {};
        uint8_t *der = NULL;
        int n = i2d_X509_CRL(crl, &der);

        assert_true(n > 0);
        forge_put(&b, der, (size_t)n);
        OPENSSL_free(der);
        return b;
}

static void what_is_no_list(void **state) {
        X509_CRL *crl = forge_crl_make(&pki.ca[FORGE_INTEL_ROOT], (long[]){ 7 }, 1, 0, 0);
        _cleanup_(forge_bytes_done) struct forge_bytes der = der_of(crl), pem = {}, two = {},
                                                       certificate = {};
        struct diag d = {};

        forge_put_crl_pem(&pem, crl);
        forge_put_pem(&certificate, pki.ca[FORGE_INTEL_ROOT].certificate);
        X509_CRL_free(crl);
        assert_int_equal(add(der.bytes, der.n, &d), 0);
        assert_int_equal(add(pem.bytes, pem.n, &d), 0);
        assert_int_equal(add(certificate.bytes, certificate.n, &d), -EBADMSG);
        assert_int_equal(add("", 0, &d), -EBADMSG);
        assert_string_equal(d.text, "it: no revocation list");
        for (size_t n = 0; n < der.n; n++)
                assert_int_equal(add(der.bytes, n, &d), -EBADMSG);
        for (size_t n = 0; n < pem.n - 1; n++)
                assert_int_equal(add(pem.bytes, n, &d), -EBADMSG);
        forge_put(&der, "", 1);
        assert_int_equal(add(der.bytes, der.n, &d), -EBADMSG);
        assert_string_equal(d.text, "it: not a revocation list: bytes follow it");
        forge_text(&two, "%s%s", pem.bytes, pem.bytes);
        assert_int_equal(add(two.bytes, two.n, &d), 0);
}

static void lists_that_are_not_understood(void **state) {
        X509_CRL *crl = forge_crl_make(&pki.ca[FORGE_INTEL_ROOT], NULL, 0, 0, 0);
        ASN1_INTEGER *base = ASN1_INTEGER_new();
        struct diag d = {};

        assert_int_equal(ASN1_INTEGER_set(base, 1), 1);
        assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1); /* changes alone */
        assert_true(X509_CRL_sign(crl, pki.ca[FORGE_INTEL_ROOT].key, EVP_sha256()) > 0);
        _cleanup_(forge_bytes_done) struct forge_bytes der = der_of(crl);
        assert_int_equal(add(der.bytes, der.n, &d), -EOPNOTSUPP);
        assert_non_null(strstr(d.text, "critical extension"));
        ASN1_INTEGER_free(base);
        X509_CRL_free(crl);
}

static void lists_without_an_end(void **state) {
        X509_CRL *crl = X509_CRL_new();
        ASN1_TIME *from = ASN1_TIME_set(NULL, FORGE_NOT_BEFORE);
        struct diag d = {};

        assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
        assert_int_equal(
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki.ca[FORGE_INTEL_ROOT].certificate)),
                1);
        assert_int_equal(X509_CRL_set1_lastUpdate(crl, from), 1);
        assert_true(X509_CRL_sign(crl, pki.ca[FORGE_INTEL_ROOT].key, EVP_sha256()) > 0);
        _cleanup_(forge_bytes_done) struct forge_bytes der = der_of(crl);
        assert_int_equal(add(der.bytes, der.n, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "when it ends"));
        ASN1_TIME_free(from);
        X509_CRL_free(crl);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(amd),
        cmocka_unit_test(intel),
        cmocka_unit_test(signer_of_collateral),
        cmocka_unit_test(azure),
        cmocka_unit_test(what_is_no_list),
        cmocka_unit_test(lists_that_are_not_understood),
        cmocka_unit_test(lists_without_an_end),
};

RUN_WITH(tests, load, unload)
