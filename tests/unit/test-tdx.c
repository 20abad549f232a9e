/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/tdx-report and tdx-quote: every field at its place, sizes within sizes, genuine ones. */
#include "lib/format/tdx-quote.h"
#include "tests/forge/tdx.h"
#include "tests/unit/format-harness.h"

static struct forge_pki pki;
static EVP_PKEY *attestation_key, *pck;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        attestation_key = forge_ec_key("P-256");
        pck = forge_ec_key("P-256");
        return 0;
}

static int unload(void **state) {
        EVP_PKEY_free(attestation_key);
        EVP_PKEY_free(pck);
        forge_pki_done(&pki);
        return 0;
}

/* Each field filled with bytes of its own. */
static struct forge_td filled_td(void) {
        struct forge_td td = { .seam_attributes = 5, .attributes = 6, .xfam = 7 };

        memset(td.tee_tcb_svn, 1, 16);
        memset(td.mrseam, 2, 48);
        memset(td.mrsignerseam, 3, 48);
        memset(td.mrtd, 8, 48);
        memset(td.mrconfigid, 9, 48);
        memset(td.mrowner, 10, 48);
        memset(td.mrownerconfig, 11, 48);
        for (size_t i = 0; i < 4; i++)
                memset(td.rtmr[i], 12 + (int)i, 48);
        memset(td.servtd_hash, 16, 48);
        memset(td.report_data, 17, 64);
        memset(td.tee_tcb_svn2, 18, 16);
        memset(td.mrservicetd, 19, 48);
        return td;
}

static void assert_measurements(const struct tdx_measurements *m, const struct forge_td *td) {
        assert_true(m->attributes == td->attributes && m->xfam == td->xfam);
        assert_memory_equal(m->mrtd, td->mrtd, 48);
        assert_memory_equal(m->mrconfigid, td->mrconfigid, 48);
        assert_memory_equal(m->mrowner, td->mrowner, 48);
        assert_memory_equal(m->mrownerconfig, td->mrownerconfig, 48);
        assert_memory_equal(m->rtmr, td->rtmr, sizeof(m->rtmr));
}

static void a_report_is_read(void **state) {
        struct forge_td td = filled_td();
        uint8_t bytes[TDX_REPORT_SIZE], hash[48];
        struct tdx_report t;
        struct diag d = {};

        forge_td_report_make(&td, bytes);
        assert_int_equal(tdx_report_parse(bytes, sizeof(bytes), &t, &d), 0);
        assert_int_equal(t.type, 0x81);
        assert_measurements(&t.td, &td);
        assert_memory_equal(t.servtd_hash, td.servtd_hash, 48);
        assert_memory_equal(t.report_data, td.report_data, 64);
        assert_int_equal(t.cpusvn[0], 3);
        assert_int_equal(t.mac[31], 0x3a);
        forge_hash("SHA384", t.tee_tcb_info.bytes, t.tee_tcb_info.n, hash);
        assert_memory_equal(t.tee_tcb_info_hash, hash, 48);
        forge_hash("SHA384", t.td_info.bytes, t.td_info.n, hash);
        assert_memory_equal(t.tee_info_hash, hash, 48);
}

static int parse_report(const void *bytes, size_t n, struct diag *d) {
        struct tdx_report t;

        return tdx_report_parse(bytes, n, &t, d);
}

static void other_reports_are_refused(void **state) {
        static const struct change rows[] = {
                { 0, 1, 0x00, -EBADMSG, "TDREPORT: type 0x00.0, not that of a TD" },
                { 1, 1, 1, -EBADMSG, "TDREPORT: type 0x81.1, not that of a TD" },
                { 2, 1, 2, -EOPNOTSUPP, "TDREPORT: version 2, 0 and 1 are known" },
                { 3, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 15, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 192, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 223, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 495, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 511, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 960, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 1023, 1, 1, -EBADMSG, "TDREPORT: reserved bytes are not zero" },
                { 2, 1, 1, 0, "" },
        };
        struct forge_td td = filled_td();

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[TDX_REPORT_SIZE + 1];
                struct diag d = {};

                forge_td_report_make(&td, bytes);
                put_le(bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(parse_report(bytes, TDX_REPORT_SIZE, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
                assert_int_equal(parse_report(bytes, sizeof(bytes), &d), -EBADMSG);
        }
}

static void cut_off_a_report_is_refused(void **state) {
        struct forge_td td = filled_td();
        uint8_t bytes[TDX_REPORT_SIZE];

        forge_td_report_make(&td, bytes);
        assert_cut_is_refused(bytes, sizeof(bytes), parse_report);
}

/* Certificates are a text here: only verification looks into them. */
static struct forge_bytes make_quote(uint16_t version, uint16_t body_type, size_t zeros) {
        static uint8_t pem[] = "-----BEGIN";
        static const struct forge_bytes chain = { pem, sizeof(pem) };
        struct forge_td td = filled_td();
        struct forge_quote q;

        forge_quote_init(&q, version);
        q.body_type = body_type;
        q.attestation_key = attestation_key;
        q.pck = pck;
        q.chain = &chain;
        q.trailing_zeros = zeros;
        return forge_quote_make(&pki, &q, &td);
}

static int parse_quote(const void *bytes, size_t n, struct diag *d) {
        struct tdx_quote q;

        return tdx_quote_parse(bytes, n, &q, d);
}

static void all_forms_of_a_quote_are_read(void **state) {
        static const struct {
                uint16_t version, body_type;
                size_t n_signed;
        } rows[] = { { 4, 2, 48 + 584 }, { 5, 2, 54 + 584 }, { 5, 3, 54 + 648 } };
        struct forge_td td = filled_td();

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes made =
                        make_quote(rows[i].version, rows[i].body_type, 70);
                uint8_t key_hash[32], both[96];
                struct tdx_quote q;
                struct diag d = {};

                assert_int_equal(tdx_quote_parse(made.bytes, made.n, &q, &d), 0);
                assert_int_equal(q.version, rows[i].version);
                assert_int_equal(q.body_type, rows[i].body_type);
                assert_int_equal(q.tee_type, 0x81);
                assert_int_equal(q.qe_vendor_id[0], 0x93);
                assert_memory_equal(q.tee_tcb_svn, td.tee_tcb_svn, 16);
                assert_memory_equal(q.mrseam, td.mrseam, 48);
                assert_memory_equal(q.mrsignerseam, td.mrsignerseam, 48);
                assert_int_equal(q.seam_attributes, 5);
                assert_measurements(&q.td, &td);
                assert_memory_equal(q.report_data, td.report_data, 64);
                assert_int_equal(q.tee_tcb_svn2[0], rows[i].body_type == 3 ? 18 : 0);
                assert_int_equal(q.mrservicetd[0], rows[i].body_type == 3 ? 19 : 0);
                assert_int_equal(q.signed_part.n, rows[i].n_signed);
                assert_ptr_equal(q.signed_part.bytes, made.bytes);
                assert_int_equal(q.size, made.n - 70);
                assert_int_equal(q.qe_auth.n, 32);
                assert_int_equal(q.qe_auth.bytes[31], 31);
                assert_string_equal((const char *)q.certificates.bytes, "-----BEGIN");
                assert_int_equal(q.qe_report.cpusvn[0], 3);
                assert_int_equal(q.qe_report.attributes[0], 0x11);
                assert_int_equal(q.qe_report.mrenclave[0], 0xe1);
                assert_int_equal(q.qe_report.mrsigner[0], 0xdc);
                assert_int_equal(q.qe_report.isv_prod_id, 2);
                assert_int_equal(q.qe_report.isv_svn, 8);
                memcpy(both, q.attestation_key.bytes, 64);
                memcpy(both + 64, q.qe_auth.bytes, 32);
                forge_hash("SHA256", both, 96, key_hash);
                assert_memory_equal(q.qe_report.report_data, key_hash, 32);
                assert_cut_is_refused(made.bytes, q.size, parse_quote);
        }
}

/* Of a version 4 quote: its signature data starts at 636, the QE's at 770, the chain's type at 1252. */
static void other_quotes_are_refused(void **state) {
        static const struct change rows[] = {
                { 0, 2, 3, -EOPNOTSUPP, "TD quote: version 3, 4 and 5 are known" },
                { 2, 2, 3, -EOPNOTSUPP, "TD quote: attestation key type 3, not ECDSA P-256" },
                { 4, 4, 0, -EBADMSG, "TD quote: type 0x0, not that of a TD" },
                { 8, 4, 1, -EBADMSG, "TD quote: reserved bytes of the header are not zero" },
                { 632, 4, 0xffffffff, -EBADMSG, "TD quote: cut off at 1269 bytes" },
                { 632, 4, 632, -EBADMSG, "TD quote: certification data runs over its end" },
                { 764, 2, 5, -EOPNOTSUPP, "TD quote: certification data of type 5 where 6 is known" },
                { 766, 4, 498, -EBADMSG, "TD quote: certification data runs over its end" },
                { 766, 4, 0xffffffff, -EBADMSG, "TD quote: certification data runs over its end" },
                { 1218, 2, 0xffff, -EBADMSG, "TD quote: certification data runs over its end" },
                { 1252, 2, 1, -EOPNOTSUPP, "TD quote: certification data of type 1 where 5 is known" },
                { 1254, 4, 10, -EBADMSG, "TD quote: bytes are left over within the signature data" },
                { 1254, 4, 12, -EBADMSG, "TD quote: certification data runs over its end" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes made = make_quote(4, 2, 0);
                struct diag d = {};

                assert_int_equal(made.n, 1269);
                put_le(made.bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(parse_quote(made.bytes, made.n, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
        }
}

static void bodies_have_the_size_of_their_type(void **state) {
        static const struct change rows[] = {
                { 48, 2, 1, -EOPNOTSUPP, "TD quote: body type 1, 2 and 3 are known" },
                { 48, 2, 2, -EBADMSG, "TD quote: a body of 648 bytes, its type has 584" },
                { 50, 4, 584, -EBADMSG, "TD quote: a body of 584 bytes, its type has 648" },
                { 50, 4, 0xffffffff, -EBADMSG, "TD quote: a body of 4294967295 bytes, its type has 648" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes made = make_quote(5, 3, 0);
                struct diag d = {};

                put_le(made.bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(parse_quote(made.bytes, made.n, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
        }
}

/* Within the signature data as a whole, behind the quoting enclave's. */
static void nothing_stands_behind_the_certification(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes made = make_quote(4, 2, 1);
        struct diag d = {};

        put_le(made.bytes + 632, 634, 4);
        assert_int_equal(parse_quote(made.bytes, made.n, &d), -EBADMSG);
        assert_string_equal(d.text, "TD quote: bytes are left over within the signature data");
}

static void certificates_are_there(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes made = make_quote(4, 2, 0);
        struct diag d = {};

        put_le(made.bytes + 632, 622, 4);
        put_le(made.bytes + 766, 488, 4);
        put_le(made.bytes + 1254, 0, 4);
        assert_int_equal(parse_quote(made.bytes, made.n, &d), -EBADMSG);
        assert_string_equal(d.text, "TD quote: no certificates");
}

static void genuine_reports_and_quotes_are_read(void **state) {
        static const struct {
                const char *path;
                uint16_t version, body_type;
                size_t size;
                const char *mrtd;
                uint64_t attributes;
        } rows[] = {
                { "trustee/az-tdx-vtpm/td-quote.bin", 4, 2, 4936, "024a32b070383331", 0x0 },
                { "go-tdx-guest/quote_v5_sample.dat", 5, 3, 5006, "7348651a34b2d2d3", 0x10000000 },
        };
        static const char *const reports[] = { "trustee/az-tdx-vtpm/hcl-report.bin",
                "azure-cvm-tooling/hcl-report-tdx.bin" };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(rows[i].path, &n);
                struct tdx_quote q;
                struct diag d = {};

                assert_int_equal(tdx_quote_parse(bytes, n, &q, &d), 0);
                assert_int_equal(q.version, rows[i].version);
                assert_int_equal(q.body_type, rows[i].body_type);
                assert_int_equal(q.size, rows[i].size);
                assert_hex(q.td.mrtd, 8, rows[i].mrtd);
                assert_true(q.td.attributes == rows[i].attributes);
                assert_cut_is_refused(bytes, q.size, parse_quote);
        }
        for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
                size_t n;
                _cleanup_(freep) uint8_t *bytes = read_vector(reports[i], &n);
                struct tdx_report t;
                uint8_t hash[48];

                assert_int_equal(tdx_report_parse(bytes + 32, TDX_REPORT_SIZE, &t, NULL), 0);
                forge_hash("SHA384", t.td_info.bytes, t.td_info.n, hash);
                assert_memory_equal(t.tee_info_hash, hash, 48);
                forge_hash("SHA384", t.tee_tcb_info.bytes, t.tee_tcb_info.n, hash);
                assert_memory_equal(t.tee_tcb_info_hash, hash, 48);
        }
}

#define test(f) cmocka_unit_test_setup_teardown(f, load, unload)

static const struct CMUnitTest tests[] = {
        test(a_report_is_read),
        test(other_reports_are_refused),
        test(cut_off_a_report_is_refused),
        test(all_forms_of_a_quote_are_read),
        test(other_quotes_are_refused),
        test(bodies_have_the_size_of_their_type),
        test(nothing_stands_behind_the_certification),
        test(certificates_are_there),
        test(genuine_reports_and_quotes_are_read),
};

RUN(tests)
