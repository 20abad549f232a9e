/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/vek-certificate: what AMD's extensions say, and every way in which they can be wrong. */
#include "lib/format/vek-certificate.h"
#include "tests/forge/pki.h"
#include "tests/unit/format-harness.h"

#define AMD "1.3.6.1.4.1.3704.1."

static struct forge_pki pki;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

static void x509_freep(X509 **x) {
        X509_free(*x);
}

static void certificates_of_all_products_are_read(void **state) {
        static const struct {
                enum snp_product product;
                const char *name;
                size_t n_hwid;
        } rows[] = { { SNP_MILAN, "Milan-B0", 64 }, { SNP_GENOA, "Genoa-B1", 64 },
                { SNP_TURIN, "Turin-B0", 8 } };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (unsigned wrapped = 0; wrapped < 2; wrapped++) {
                        struct forge_vek made = {
                                .product = rows[i].product,
                                .tcb = { .fmc = 1,
                                        .boot_loader = 2,
                                        .tee = 0,
                                        .snp = 127,
                                        .microcode = 213 },
                                .wrapped = wrapped,
                        };
                        _cleanup_(x509_freep) X509 *certificate = NULL;
                        struct vek_certificate v;
                        struct diag d = {};

                        memset(made.chip_id, 0xc1, sizeof(made.chip_id));
                        certificate = forge_vek_certificate(&pki, &made, pki.key[FORGE_AK]);
                        assert_int_equal(vek_certificate_parse(certificate, &v, &d), 0);
                        assert_int_equal(v.product, rows[i].product);
                        assert_string_equal(v.product_name, rows[i].name);
                        assert_int_equal(v.tcb.fmc, rows[i].product == SNP_TURIN ? 1 : 0);
                        assert_int_equal(v.tcb.boot_loader, 2);
                        assert_int_equal(v.tcb.tee, 0);
                        assert_int_equal(v.tcb.snp, 127);
                        assert_int_equal(v.tcb.microcode, 213);
                        assert_int_equal(v.n_hwid, rows[i].n_hwid);
                        assert_memory_equal(v.hwid, made.chip_id, v.n_hwid);
                        assert_string_equal(v.csp_id, "");
                }
}

static void a_vlek_names_its_provider(void **state) {
        struct forge_vek made = { .product = SNP_GENOA, .csp_id = "CN=cc-us-east-2.example" };
        _cleanup_(x509_freep) X509 *certificate = forge_vek_certificate(&pki, &made, pki.key[FORGE_AK]);
        struct vek_certificate v;

        assert_int_equal(vek_certificate_parse(certificate, &v, NULL), 0);
        assert_int_equal(v.n_hwid, 0);
        assert_string_equal(v.csp_id, "CN=cc-us-east-2.example");
        assert_string_equal(v.product_name, "Genoa");
}

/* The extensions of a good one of Milan; a test replaces one of them, leaves it out, or adds another. */
static const struct {
        const char *oid, *der;
} GOOD[] = {
        { AMD "1", "020100" }, { AMD "2", "16084d696c616e2d4230" }, { AMD "3.1", "020103" },
        { AMD "3.2", "020100" }, { AMD "3.3", "020108" }, { AMD "3.8", "020200d9" },
        { AMD "4", NULL }, /* 64 bytes */
};
#define N_GOOD (sizeof(GOOD) / sizeof(GOOD[0]))

static int parse_with(const char *oid, const char *der, bool add, struct diag *d) {
        uint8_t bytes[N_GOOD + 1][80] = { 0 };
        struct forge_extension x[N_GOOD + 1];
        struct forge_certificate c = { .subject = "/CN=SEV-VCEK",
                .key = pki.key[FORGE_AK],
                .signing = FORGE_PKCS1_SHA256,
                .extensions = x };
        _cleanup_(x509_freep) X509 *certificate = NULL;
        struct vek_certificate v;

        for (size_t i = 0; i < N_GOOD + (add ? 1 : 0); i++) {
                bool changed = i == N_GOOD || (!add && strcmp(GOOD[i].oid, oid) == 0);
                const char *text = changed ? der : GOOD[i].der;

                if (changed && !der)
                        continue;
                x[c.n_extensions] = (struct forge_extension){
                        .oid = changed ? oid : GOOD[i].oid,
                        .der = { bytes[i], text ? strlen(text) / 2 : 64 },
                };
                if (text)
                        from_hex(text, bytes[i], strlen(text) / 2);
                c.n_extensions++;
        }
        certificate = forge_certificate_make(&c);
        return vek_certificate_parse(certificate, &v, d);
}

static void mistakes_are_refused(void **state) {
        static const struct {
                const char *oid, *der;
                bool add;
                const char *says; /* NULL: good */
        } rows[] = {
                { AMD "1", "020100", false, NULL },
                { AMD "99", "00", true, NULL },
                { AMD "2", NULL, false, "extension " AMD "2 is missing" },
                { AMD "3.1", NULL, false, "extension " AMD "3.1 is missing" },
                { AMD "3.2", NULL, false, "extension " AMD "3.2 is missing" },
                { AMD "3.3", NULL, false, "extension " AMD "3.3 is missing" },
                { AMD "3.8", NULL, false, "extension " AMD "3.8 is missing" },
                { AMD "4", NULL, false, "either a HWID or a CSP id names whose key it is, not none" },
                { AMD "5", "160161", true, "either a HWID or a CSP id names whose key it is, not both" },
                { AMD "3.1", "020103", true, "extension " AMD "3.1 is there twice" },
                { AMD "3.9", "020103", true, "extension " AMD "3.9 belongs to Turin, this is Milan-B0" },
                { AMD "3.1", "020180", false, "extension " AMD "3.1 is malformed" }, /* negative */
                { AMD "3.1", "02020003", false, "extension " AMD "3.1 is malformed" },
                { AMD "3.1", "02020100", false, "extension " AMD "3.1 is malformed" }, /* 256 */
                { AMD "3.1", "0200", false, "extension " AMD "3.1 is malformed" },
                { AMD "3.1", "02010300", false, "extension " AMD "3.1 is malformed" },
                { AMD "3.1", "040103", false, "extension " AMD "3.1 is malformed" },
                { AMD "3.1", "02810103", false, "extension " AMD "3.1 is malformed" },
                { AMD "3.1", "", false, "extension " AMD "3.1 is malformed" },
                { AMD "2", "1600", false, "extension " AMD "2 is malformed" },
                { AMD "2", "16054e61706c65", false, "extension " AMD "2 is malformed" }, /* Naple */
                { AMD "2", "16044d696c61", false, "extension " AMD "2 is malformed" },   /* Mila */
                { AMD "2", "16064d696c616e00", false, "extension " AMD "2 is malformed" },
                { AMD "2", "0c054d696c616e", false, "extension " AMD "2 is malformed" },
                { AMD "2", "1605547572696e", false, "extension " AMD "3.9 belongs to Turin, this is Turin" },
                { AMD "4", "0102030405060708", false, "a HWID of 8 bytes, Milan-B0 has 64" },
                { AMD "4", "04080102030405060708", false, "a HWID of 8 bytes, Milan-B0 has 64" },
                { AMD "4", "01020304050607", false, "extension " AMD "4 is malformed" },
                { AMD "4", "", false, "extension " AMD "4 is malformed" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag d = {};

                assert_int_equal(parse_with(rows[i].oid, rows[i].der, rows[i].add, &d),
                        rows[i].says ? -EBADMSG : 0);
                if (rows[i].says)
                        assert_string_equal(d.text + strlen("VEK certificate: "), rows[i].says);
        }
}

static void genuine_certificates_are_read(void **state) {
        static const struct {
                const char *path, *name;
                struct snp_tcb tcb;
                size_t n_hwid;
                const char *csp_id;
                uint8_t first; /* byte of the HWID */
        } rows[] = {
                { "trustee/snp/test-vcek.der", "Milan-B0", { 0, 3, 0, 8, 0x73 }, 64, "", 0xc3 },
                { "trustee/snp/test-vlek.der", "Milan", { 0, 4, 0, 0x18, 0xd9 }, 0,
                        "CN=cc-us-east-2.amazonaws.com", 0 },
                { "trustee/snp/test-vcek-invalid-legacy.der", "Milan-B0", { 0, 3, 0, 10, 0xa9 }, 64, "", 0 },
                { "trustee/snp/test-vcek-invalid-new.der", "Milan-B0", { 0, 0, 0, 0, 0x1e }, 64, "", 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                const uint8_t *at = bytes;
                _cleanup_(x509_freep) X509 *certificate = d2i_X509(NULL, &at, (long)n);
                struct vek_certificate v;
                struct diag d = {};

                assert_non_null(certificate);
                assert_int_equal(vek_certificate_parse(certificate, &v, &d), 0);
                assert_string_equal(v.product_name, rows[i].name);
                assert_memory_equal(&v.tcb, &rows[i].tcb, sizeof(v.tcb));
                assert_int_equal(v.n_hwid, rows[i].n_hwid);
                assert_string_equal(v.csp_id, rows[i].csp_id);
                assert_int_equal(v.hwid[0], rows[i].first);
        }
}

#define test(f) cmocka_unit_test_setup_teardown(f, load, unload)

static const struct CMUnitTest tests[] = {
        test(certificates_of_all_products_are_read),
        test(a_vlek_names_its_provider),
        test(mistakes_are_refused),
        test(genuine_certificates_are_read),
};

RUN(tests)
