/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/pem, certificate-list: certificates there and back, and everything that is not exactly that. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "lib/format/certificate-list.h"
#include "tests/unit/harness.h"

/* Self-signed, by a key that nobody keeps. */
static X509 *make_certificate(const char *name) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = X509_new();

        assert_non_null(key);
        assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                 (const unsigned char *)name, -1, -1, 0),
                1);
        assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
        assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), 1000));
        assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), 2000000000));
        assert_int_equal(X509_set_pubkey(x, key), 1);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        EVP_PKEY_free(key);
        return x;
}

struct made {
        struct certificate_list list;
        char *pem;
        uint8_t *der; /* of the first */
        size_t n_der;
};

static int make(void **state) {
        struct made *m = calloc(1, sizeof(*m));

        m->list.list[m->list.n++] = make_certificate("one");
        m->list.list[m->list.n++] = make_certificate("two");
        assert_int_equal(certificate_list_format(&m->list, &m->pem), 0);
        assert_int_equal(certificate_format(m->list.list[0], &m->der, &m->n_der), 0);
        *state = m;
        return 0;
}

static int unmake(void **state) {
        struct made *m = *state;

        certificate_list_done(&m->list);
        free(m->pem);
        free(m->der);
        free(m);
        return 0;
}

static int parse(const char *text, size_t n, size_t *ret_n, struct diag *d) {
        _cleanup_(certificate_list_done) struct certificate_list list = {};
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);
        int r = certificate_list_parse((const char *)exact, n, "it", &list, d);

        *ret_n = list.n;
        return r;
}

static void there_and_back(void **state) {
        const struct made *m = *state;
        _cleanup_(certificate_list_done) struct certificate_list list = {};
        struct diag d = {};

        assert_int_equal(certificate_list_parse(m->pem, strlen(m->pem), "it", &list, &d), 0);
        assert_int_equal(list.n, 2);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(X509_cmp(list.list[i], m->list.list[i]), 0);
        assert_int_equal(certificate_time(X509_get0_notAfter(list.list[0])), 2000000000);
}

/* Cut off anywhere, it is an error, but behind the first certificate and the blanks around it. */
static void cut_off(void **state) {
        const struct made *m = *state;
        const char *second = strstr(m->pem + 1, "-----BEGIN");
        size_t whole = strlen(m->pem), n;
        struct diag d = {};

        assert_non_null(second);
        for (size_t cut = 0; cut < whole; cut++) {
                bool good = cut == whole - 1 || cut == (size_t)(second - m->pem) ||
                        cut == (size_t)(second - m->pem) - 1;

                assert_int_equal(parse(m->pem, cut, &n, &d), good ? 0 : -EBADMSG);
        }
}

static void what_is_beside_it(void **state) {
        static const struct {
                const char *before, *behind;
                int r;
        } rows[] = {
                { " \r\n\t", " \r\n\t", 0 },
                { "x", "", -EBADMSG },
                { "Bag Attributes\n", "", -EBADMSG },
                { "", "x", -EBADMSG },
                { "", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", -EBADMSG },
                { "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", "", -EBADMSG },
                { "-----BEGIN CERTIFICATE-----\nM A==\n-----END CERTIFICATE-----\n", "", -EBADMSG },
                { "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n", "", -EBADMSG },
        };
        const struct made *m = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = NULL;
                struct diag d = {};
                size_t n;

                assert_true(asprintf(&text, "%s%s%s", rows[i].before, m->pem, rows[i].behind) > 0);
                assert_int_equal(parse(text, strlen(text), &n, &d), rows[i].r);
                assert_int_equal(d.text[0] != '\0', rows[i].r < 0);
        }
}

static void too_many(void **state) {
        const struct made *m = *state;
        _cleanup_(freep) char *text = calloc(1, strlen(m->pem) * CERTIFICATE_LIST_MAX);
        size_t n = 0, n_certificates;
        struct diag d = {};

        for (size_t i = 0; i < CERTIFICATE_LIST_MAX; i += 2)
                n += strlen(memcpy(text + n, m->pem, strlen(m->pem)));
        assert_int_equal(parse(text, n, &n_certificates, &d), 0);
        assert_int_equal(n_certificates, CERTIFICATE_LIST_MAX);
        n += strlen(memcpy(text + n, m->pem, strlen(m->pem)));
        assert_int_equal(parse(text, n, &n_certificates, &d), -E2BIG);
}

static void lists_are_joined_or_left_alone(void **state) {
        const struct made *m = *state;
        _cleanup_(certificate_list_done) struct certificate_list all = {};
        struct diag d = {};

        for (size_t i = 0; i <= CERTIFICATE_LIST_MAX; i += 2) {
                _cleanup_(certificate_list_done) struct certificate_list list = {};

                assert_int_equal(certificate_list_parse(m->pem, strlen(m->pem), "it", &list, &d), 0);
                assert_int_equal(certificate_list_move(&all, &list), i < CERTIFICATE_LIST_MAX ? 0 : -E2BIG);
                assert_int_equal(list.n, i < CERTIFICATE_LIST_MAX ? 0 : 2);
        }
        assert_int_equal(all.n, CERTIFICATE_LIST_MAX);
}

static int parse_der(const uint8_t *der, size_t n) {
        _cleanup_(freep) uint8_t *exact = copy_exact(der, n);
        struct diag d = {};
        X509 *x = NULL;
        int r = certificate_parse(exact, n, "it", &x, &d);

        X509_free(x);
        return r;
}

static void der_is_exact(void **state) {
        const struct made *m = *state;
        _cleanup_(freep) uint8_t *more = calloc(1, m->n_der + 1);

        assert_int_equal(parse_der(m->der, m->n_der), 0);
        for (size_t cut = 0; cut < m->n_der; cut++)
                assert_int_equal(parse_der(m->der, cut), -EBADMSG);
        memcpy(more, m->der, m->n_der);
        assert_int_equal(parse_der(more, m->n_der + 1), -EBADMSG);
}

/* The length of the outer SEQUENCE in one byte more than it takes: BER, and another fingerprint. */
static void ber_is_not_der(void **state) {
        const struct made *m = *state;
        _cleanup_(freep) uint8_t *ber = calloc(1, m->n_der + 1);

        assert_int_equal(m->der[1], 0x82); /* two bytes of length follow */
        memcpy(ber, (const uint8_t[]){ 0x30, 0x83, 0x00 }, 3);
        memcpy(ber + 3, m->der + 2, m->n_der - 2);
        assert_int_equal(parse_der(ber, m->n_der + 1), -EBADMSG);
}

/* A bit of the signature that is not used, and zero: the same signature in other bytes. */
static void unused_bits_are_refused(void **state) {
        const struct made *m = *state;
        _cleanup_(freep) uint8_t *bent = copy_exact(m->der, m->n_der);
        const ASN1_BIT_STRING *signature;
        size_t unused;

        X509_get0_signature(&signature, NULL, m->list.list[0]);
        unused = m->n_der - (size_t)ASN1_STRING_length(signature) - 1;
        assert_int_equal(bent[unused], 0);
        bent[m->n_der - 1] &= 0xfe;
        assert_int_equal(parse_der(bent, m->n_der), 0); /* it need not be a good signature */
        bent[unused] = 1;
        assert_int_equal(parse_der(bent, m->n_der), -EBADMSG);
}

#define with_made(test) cmocka_unit_test_setup_teardown(test, make, unmake)

static const struct CMUnitTest tests[] = {
        with_made(there_and_back),
        with_made(cut_off),
        with_made(what_is_beside_it),
        with_made(too_many),
        with_made(lists_are_joined_or_left_alone),
        with_made(der_is_exact),
        with_made(ber_is_not_der),
        with_made(unused_bits_are_refused),
};

RUN(tests)
