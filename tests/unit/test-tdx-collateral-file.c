/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/tdx-collateral, pck-certificate, der: what Intel publishes and certifies, read strictly. */
#include <string.h>

#include "lib/format/der.h"
#include "lib/format/pem.h"
#include "lib/format/tdx-collateral.h"
#include "lib/format/tdx-quote.h"
#include "tests/forge/forge.h"
#include "tests/unit/format-harness.h"

static struct forge_pki pki;
static struct forge_pck pck;
static struct forge_collateral collateral;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        pck = (struct forge_pck){
                .fmspc = { 0x90, 0xc0, 0x6f, 1, 2, 3 },
                .pceid = { 4, 5 },
                .cpusvn = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 127, 255 },
                .pcesvn = 0x8001,
        };
        forge_collateral_init(&collateral, &pck);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

static int parse(const void *text, size_t n, struct tdx_collateral_file *ret, struct diag *d) {
        return tdx_collateral_file_parse(text, n, "it", ret, d);
}

static int parse_and_drop(const void *text, size_t n, struct diag *d) {
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};

        return parse(text, n, &f, d);
}

static void tcb_info(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes text = forge_tcb_info(&pki, &collateral, NULL);
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};
        const struct tcb_info *t = &f.tcb_info;
        struct diag d = {};

        assert_int_equal(parse(text.bytes, text.n, &f, &d), 0);
        assert_int_equal(f.kind, TDX_TCB_INFO);
        assert_ptr_equal(f.body.bytes, text.bytes + strlen("{\"tcbInfo\":"));
        assert_memory_equal(f.body.bytes + f.body.n, ",\"signature\":", 13);
        assert_memory_equal(t->fmspc, pck.fmspc, 6);
        assert_memory_equal(t->pce_id, pck.pceid, 2);
        assert_int_equal(t->issued, 1779235200);      /* 2026-05-20 */
        assert_int_equal(t->next_update, 1781827200); /* 2026-06-19 */
        assert_int_equal(t->n_modules, 2);
        assert_int_equal(t->modules[0].version, 0);
        assert_int_equal(t->modules[1].version, 1);
        assert_int_equal(t->modules[1].attributes_mask, UINT64_MAX);
        assert_int_equal(t->modules[1].levels.n, 2);
        assert_int_equal(t->modules[1].levels.of[0].isv_svn, 5);
        assert_int_equal(t->levels.n, 2);
        assert_int_equal(t->levels.of[0].status, TCB_UP_TO_DATE);
        assert_int_equal(t->levels.of[0].pce_svn, 0x8001);
        assert_memory_equal(t->levels.of[0].sgx_svn, pck.cpusvn, 16);
        assert_int_equal(t->levels.of[0].tdx_svn[2], 2);
        assert_int_equal(t->levels.of[1].status, TCB_OUT_OF_DATE);
        assert_string_equal(t->levels.of[0].advisories, "");
}

static void qe_identity(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes text = forge_qe_identity(&pki, &collateral, NULL);
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};
        const struct qe_identity *q = &f.qe_identity;
        struct diag d = {};

        assert_int_equal(parse(text.bytes, text.n, &f, &d), 0);
        assert_int_equal(f.kind, TDX_QE_IDENTITY);
        assert_int_equal(q->misc_select_mask, 0xffffffff);
        assert_int_equal(q->attributes[0], 0x11);
        assert_int_equal(q->attributes_mask[0], 0xfb);
        assert_memory_equal(q->mrsigner, collateral.qe_mrsigner, 32);
        assert_int_equal(q->isv_prod_id, 2);
        assert_int_equal(q->levels.of[0].isv_svn, 4);
}

/* text with the first `what` in it replaced. */
static struct forge_bytes replaced(const struct forge_bytes *text, const char *what, const char *by) {
        const char *at = strstr((const char *)text->bytes, what);
        struct forge_bytes b = {};

        if (!at)
                fail_msg("%s is not there", what);
        forge_put(&b, text->bytes, (size_t)(at - (const char *)text->bytes));
        forge_text(&b, "%s%s", by, at + strlen(what));
        return b;
}

struct spoilt {
        const char *what, *by;
        int r;
        const char *says;
};

static void assert_spoilt(const struct forge_bytes *text, const struct spoilt *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes b = replaced(text, rows[i].what, rows[i].by);
                struct diag d = {};
                int r = parse_and_drop(b.bytes, b.n, &d);

                if (r != rows[i].r || !strstr(d.text, rows[i].says))
                        fail_msg("%s: %d, \"%s\"", rows[i].by, r, d.text);
        }
}

static void tcb_infos_that_are_none(void **state) {
        static const struct spoilt rows[] = {
                { "\"TDX\"", "\"SGX\"", -EOPNOTSUPP, "\"SGX\"" },
                { "\"version\":3", "\"version\":4", -EOPNOTSUPP, "version 4" },
                { "\"tcbType\":0", "\"tcbType\":1", -EOPNOTSUPP, "type 1" },
                { "\"version\":3", "\"version\":-3", -EBADMSG, "out of range" },
                { "\"tcbInfo\"", "\"tcbinfo\"", -EBADMSG, "tcbinfo" },
                { "\"tcbInfo\"", "\"tcb\\u0049nfo\"", -EBADMSG, "escapes" },
                { "\"tcbInfo\"", "\"enclaveIdentity\":{},\"tcbInfo\"", -EBADMSG, "one signature" },
                { "\"signature\"", "\"x\":1,\"signature\"", -EBADMSG, "does not belong" },
                { "\"signature\":\"", "\"signature\":\"00", -EBADMSG, "64 bytes" },
                { "\"fmspc\":\"90", "\"fmspc\":\"9x", -EBADMSG, "6 bytes" },
                { "\"fmspc\":\"90", "\"fmspc\":\"", -EBADMSG, "6 bytes" },
                { "2026-05-20T00:00:00Z", "2026-05-20", -EBADMSG, "no time" },
                { "2026-05-20T00:00:00Z", "2026-5-20T00:00:00Z", -EBADMSG, "no time" },
                { "2026-05-20T00:00:00Z", "2026-02-30T00:00:00Z", -EBADMSG, "no time" },
                { "2026-05-20T00:00:00Z", "1960-05-20T00:00:00Z", -EBADMSG, "before 1970" },
                { "2026-05-20T00:00:00Z", "2026-05-20T00:00:00Zx", -EBADMSG, "no time" },
                { "UpToDate", "Uptodate", -EBADMSG, "status" },
                { "TDX_01", "TDX_00", -EBADMSG, "TDX_01 to TDX_FF" },
                { "TDX_01", "TDX_1", -EBADMSG, "TDX_01 to TDX_FF" },
                { "{\"svn\":1},", "", -EBADMSG, "not 16 components" },
                { "{\"svn\":1}", "{\"svn\":256}", -EBADMSG, "out of range" },
                { "{\"svn\":1}", "7", -EBADMSG, "object" },
                { "\"pcesvn\":32769", "\"pcesvn\":65536", -EBADMSG, "out of range" },
                { "\"tcbStatus\":\"UpToDate\"}", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[1]}", -EBADMSG,
                        "string" },
                { "\"tcbStatus\":\"UpToDate\"}", "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"a b\"]}",
                        -EBADMSG, "dashes" },
        };
        _cleanup_(forge_bytes_done) struct forge_bytes text = forge_tcb_info(&pki, &collateral, NULL);

        assert_spoilt(&text, rows, sizeof(rows) / sizeof(rows[0]));
}

static void qe_identities_that_are_none(void **state) {
        static const struct spoilt rows[] = {
                { "\"TD_QE\"", "\"QE\"", -EOPNOTSUPP, "\"QE\"" },
                { "\"version\":2", "\"version\":1", -EOPNOTSUPP, "version 1" },
                { "\"miscselect\":\"00", "\"miscselect\":\"", -EBADMSG, "4 bytes" },
                { "\"isvprodid\":2", "\"isvprodid\":65536", -EBADMSG, "out of range" },
                { "\"isvsvn\":4", "\"isvsvn\":\"4\"", -EBADMSG, "isvsvn" },
                { "\"mrsigner\"", "\"mrsinger\"", -EBADMSG, "mrsigner" },
        };
        _cleanup_(forge_bytes_done) struct forge_bytes text = forge_qe_identity(&pki, &collateral, NULL);

        assert_spoilt(&text, rows, sizeof(rows) / sizeof(rows[0]));
}

static void advisories(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes text = forge_tcb_info(&pki, &collateral, NULL),
                                                       with = {};
        _cleanup_(tdx_collateral_file_done) struct tdx_collateral_file f = {};

        with = replaced(&text, "\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"sgx",
                "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-1\",\"INTEL-SA-2\"]},{\"tcb\":{"
                "\"sgx");
        assert_int_equal(parse(with.bytes, with.n, &f, NULL), 0);
        assert_string_equal(f.tcb_info.levels.of[0].advisories, "INTEL-SA-1 INTEL-SA-2");
}

static void cut_off(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes info = forge_tcb_info(&pki, &collateral, NULL);
        _cleanup_(forge_bytes_done) struct forge_bytes identity = forge_qe_identity(&pki, &collateral, NULL);

        assert_cut_is_refused(info.bytes, info.n, parse_and_drop);
        assert_cut_is_refused(identity.bytes, identity.n, parse_and_drop);
}

static void statuses_have_their_names(void **state) {
        for (unsigned s = TCB_UP_TO_DATE; s < _TCB_STATUS_MAX; s++)
                assert_int_equal(tcb_status_from_string(tcb_status_to_string((enum tcb_status)s)), s);
        assert_int_equal(tcb_status_from_string("?"), -EBADMSG);
}

/* -- certificates of platforms -- */

static void pck_certificates(void **state) {
        EVP_PKEY *key = forge_ec_key("P-256");
        X509 *x = forge_pck_certificate(&pki, &pck, key);
        struct pck_certificate p;
        struct diag d = {};

        assert_int_equal(pck_certificate_parse(x, &p, &d), 0);
        assert_memory_equal(p.fmspc, pck.fmspc, 6);
        assert_memory_equal(p.pce_id, pck.pceid, 2);
        assert_memory_equal(p.sgx_svn, pck.cpusvn, 16);
        assert_int_equal(p.pce_svn, 0x8001);
        X509_free(x);
        EVP_PKEY_free(key);
        assert_int_equal(pck_certificate_parse(pki.ca[FORGE_INTEL_PLATFORM].certificate, &p, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "missing"));
}

/* Whether a certificate with these bytes as its SGX extension is taken. */
static int parse_extension(const void *bytes, size_t n) {
        struct forge_extension e = { .oid = "1.2.840.113741.1.13.1" };
        struct forge_certificate c = {
                .subject = "/CN=x",
                .key = pki.ca[FORGE_INTEL_TCB].key,
                .issuer = &pki.ca[FORGE_INTEL_PLATFORM],
                .extensions = &e,
                .n_extensions = 1,
        };
        struct pck_certificate p;
        X509 *x;
        int r;

        forge_put(&e.der, bytes, n);
        x = forge_certificate_make(&c);
        r = pck_certificate_parse(x, &p, NULL);
        X509_free(x);
        forge_bytes_done(&e.der);
        return r;
}

/* The SGX extension of a good certificate; the caller frees it. */
static struct forge_bytes good_extension(void) {
        EVP_PKEY *key = forge_ec_key("P-256");
        X509 *x = forge_pck_certificate(&pki, &pck, key);
        struct forge_bytes b = {};

        for (int i = X509_get_ext_count(x); i-- > 0;) {
                struct span der = der_of_extension(X509_get_ext(x, i));
                char oid[64];

                OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(X509_get_ext(x, i)), 1);
                if (strcmp(oid, "1.2.840.113741.1.13.1") == 0)
                        forge_put(&b, der.bytes, der.n);
        }
        X509_free(x);
        EVP_PKEY_free(key);
        assert_true(b.n > 0);
        return b;
}

/* Every length and tag counts; what is a value may be another one. */
static void extensions_that_are_malformed(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes good = good_extension();
        size_t refused = 0;

        assert_int_equal(parse_extension(good.bytes, good.n), 0);
        for (size_t n = 0; n < good.n; n += 7)
                assert_int_equal(parse_extension(good.bytes, n), -EBADMSG);
        for (size_t at = 0; at < good.n; at++) {
                good.bytes[at] ^= 1;
                refused += parse_extension(good.bytes, good.n) == -EBADMSG;
                good.bytes[at] ^= 1;
        }
        assert_true(refused > good.n / 2);
}

/* The extension with one pair of those that match, in the outer or the inner sequence, left out or twice. */
static struct forge_bytes rebuilt(const struct forge_bytes *good, bool inner, unsigned which,
        unsigned times) {
        struct forge_bytes parts = {}, all = {};
        struct cursor c;
        struct span content, pair;
        unsigned i = 0;

        assert_true(der_read((struct span){ good->bytes, good->n }, DER_SEQUENCE, &content));
        c = cursor_over(content.bytes, content.n);
        while (c.left > 0) {
                assert_true(der_take_any(&c, &pair));
                if (inner && i == 1) { /* the TCB: an OID, and a sequence of pairs */
                        struct forge_bytes sequence = {}, tcb = {};
                        struct span in, oid, value;
                        struct cursor p;

                        assert_true(der_read(pair, DER_SEQUENCE, &in));
                        p = cursor_over(in.bytes, in.n);
                        assert_true(der_take_any(&p, &oid) && der_take_any(&p, &value));
                        sequence = rebuilt(&(struct forge_bytes){ (uint8_t *)value.bytes, value.n }, false,
                                which, times);
                        forge_put(&tcb, oid.bytes, oid.n);
                        forge_put(&tcb, sequence.bytes, sequence.n);
                        forge_put_der(&parts, DER_SEQUENCE, tcb.bytes, tcb.n);
                        forge_bytes_done(&tcb);
                        forge_bytes_done(&sequence);
                } else
                        for (unsigned t = 0; t < (!inner && i == which ? times : 1); t++)
                                forge_put(&parts, pair.bytes, pair.n);
                i++;
        }
        forge_put_der(&all, DER_SEQUENCE, parts.bytes, parts.n);
        forge_bytes_done(&parts);
        return all;
}

/* In the outer sequence 1 is the TCB, 2 PCEID, 3 FMSPC; in the inner one 0 to 15 are components, 16 PCESVN.
 */
static void parts_missing_or_twice(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes good = good_extension();

        for (unsigned inner = 0; inner < 2; inner++)
                for (unsigned which = inner ? 0 : 1; which < (inner ? 17U : 4U); which++)
                        for (unsigned times = 0; times < 3; times++) {
                                _cleanup_(forge_bytes_done) struct forge_bytes b =
                                        rebuilt(&good, inner, which, times);

                                assert_int_equal(parse_extension(b.bytes, b.n), times == 1 ? 0 : -EBADMSG);
                        }
}

static void der_numbers(void **state) {
        static const struct {
                const char *hex;
                int64_t value; /* -1: refused */
        } rows[] = {
                { "020100", 0 },
                { "02017f", 127 },
                { "02020080", 128 },
                { "020200ff", 255 },
                { "02020100", 256 },
                { "0203008001", 32769 },
                { "0203010000", -1 }, /* more than 65535 */
                { "020180", -1 },     /* negative */
                { "02020001", -1 },   /* a zero too many */
                { "0200", -1 },
                { "0281010100", -1 }, /* length not in its shortest form */
                { "028001", -1 },
                { "02010000", -1 }, /* something behind it */
                { "0301ff", -1 },
                { "0202", -1 },
                { "", -1 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[16];
                uint32_t value = 0;
                size_t n = strlen(rows[i].hex) / 2;
                bool good;

                from_hex(rows[i].hex, bytes, n);
                _cleanup_(freep) uint8_t *exact = copy_exact(bytes, n);
                good = der_read_number((struct span){ exact, n }, UINT16_MAX, &value);
                if (good != (rows[i].value >= 0) || (good && value != rows[i].value))
                        fail_msg("%s: %d, %u", rows[i].hex, good, value);
        }
}

static void long_elements(void **state) {
        uint8_t der[4 + 300] = { DER_OCTET_STRING, 0x82, 300 >> 8, 300 & 0xff };
        struct cursor c = cursor_over(der, sizeof(der));
        struct span s;

        assert_true(der_read((struct span){ der, sizeof(der) }, DER_OCTET_STRING, &s));
        assert_int_equal(s.n, 300);
        assert_ptr_equal(s.bytes, der + 4);
        assert_true(der_take_any(&c, &s));
        assert_int_equal(s.n, sizeof(der));
        assert_false(der_read((struct span){ der, sizeof(der) - 1 }, DER_OCTET_STRING, &s));
}

/* The platform of a genuine quote. */
static void genuine_platform(void **state) {
        _cleanup_(freep) uint8_t *bytes = NULL, *der = NULL;
        struct tdx_quote q;
        struct pck_certificate p;
        struct span text, body;
        X509 *x = NULL;
        size_t n;

        bytes = read_vector("go-tdx-guest/quote_v5_sample.dat", &n);
        assert_int_equal(tdx_quote_parse(bytes, n, &q, NULL), 0);
        text = q.certificates;
        assert_int_equal(pem_next(&text, "CERTIFICATE", "it", &body, NULL), 0);
        assert_int_equal(pem_decode(body, "it", CERTIFICATE_MAX, &der, &n, NULL), 0);
        assert_int_equal(certificate_parse(der, n, "it", &x, NULL), 0);
        assert_int_equal(pck_certificate_parse(x, &p, NULL), 0);
        X509_free(x);
        assert_hex(p.fmspc, 6, "90c06f000000");
        assert_hex(p.pce_id, 2, "0000");
        assert_hex(p.sgx_svn, 16, "04040202040100050000000000000000");
        assert_int_equal(p.pce_svn, 13);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcb_info),
        cmocka_unit_test(qe_identity),
        cmocka_unit_test(tcb_infos_that_are_none),
        cmocka_unit_test(qe_identities_that_are_none),
        cmocka_unit_test(advisories),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(statuses_have_their_names),
        cmocka_unit_test(pck_certificates),
        cmocka_unit_test(extensions_that_are_malformed),
        cmocka_unit_test(parts_missing_or_twice),
        cmocka_unit_test(der_numbers),
        cmocka_unit_test(long_elements),
        cmocka_unit_test(genuine_platform),
};

RUN_WITH(tests, load, unload)
