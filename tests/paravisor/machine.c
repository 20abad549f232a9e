/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/machine.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "tests/forge/hcl.h"
#include "tests/forge/snp.h"
#include "tests/forge/tdx.h"

#define VBS_REPORT_SIZE 0x230

struct machine {
        struct forge_pki pki;
        enum hcl_report_type type;
        struct forge_snp snp;
        struct forge_td td;
        EVP_PKEY *vek, *attestation_key, *pck;
        X509 *vek_certificate, *pck_certificate;
        EVP_PKEY *ak, *ek; /* the public halves of those in the TPM */
};

static EVP_PKEY *public_key(const uint8_t *modulus) {
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        BIGNUM *n = BN_bin2bn(modulus, RSA_MODULUS_SIZE, NULL);
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        OSSL_PARAM *parameters = NULL;
        EVP_PKEY *key = NULL;

        forge_check(build && n && context && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
                        OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, 65537),
                "a public key");
        parameters = OSSL_PARAM_BLD_to_param(build);
        forge_check(parameters && EVP_PKEY_fromdata_init(context) == 1 &&
                        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1,
                "a public key");
        OSSL_PARAM_free(parameters);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(context);
        BN_free(n);
        return key;
}

static void make_snp(struct machine *m, enum snp_product product) {
        struct forge_vek vek;

        forge_snp_init(&m->snp, product);
        vek = forge_snp_vek(&m->snp);
        m->vek = forge_ec_key("P-384");
        m->vek_certificate = forge_vek_certificate(&m->pki, &vek, m->vek);
}

static void make_tdx(struct machine *m) {
        struct forge_pck pck = { .fmspc = { 0x90, 0xc0, 0x6f }, .pcesvn = 13 };

        forge_td_init(&m->td);
        m->attestation_key = forge_ec_key("P-256");
        m->pck = forge_ec_key("P-256");
        m->pck_certificate = forge_pck_certificate(&m->pki, &pck, m->pck);
}

int machine_new(const char *pki, enum hcl_report_type type, enum snp_product product, struct machine **ret) {
        _cleanup_(machine_freep) struct machine *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        forge_pki_load(pki, &m->pki);
        m->type = type;
        make_snp(m, product);
        make_tdx(m);
        *ret = TAKE(m);
        return 0;
}

void machine_free(struct machine *m) {
        if (!m)
                return;
        forge_pki_done(&m->pki);
        EVP_PKEY_free(m->vek);
        EVP_PKEY_free(m->attestation_key);
        EVP_PKEY_free(m->pck);
        EVP_PKEY_free(m->ak);
        EVP_PKEY_free(m->ek);
        X509_free(m->vek_certificate);
        X509_free(m->pck_certificate);
        free(m);
}

void machine_set_keys(struct machine *m, const struct tpm_keys *keys) {
        m->ak = public_key(keys->ak);
        m->ek = public_key(keys->ek);
}

void machine_save_roots(const struct machine *m, const char *folder) {
        forge_pki_save_roots(&m->pki, folder);
}

void machine_save_vek(const struct machine *m, const char *path) {
        _cleanup_(forge_bytes_done) struct forge_bytes chain =
                forge_vek_chain(&m->pki, m->snp.product, false, m->vek_certificate);
        _cleanup_(fclosep) FILE *f = fopen(path, "we");

        forge_check(f && fwrite(chain.bytes, 1, chain.n, f) == chain.n && fflush(f) == 0, path);
}

/* The hardware's report over this report_data; the answer is its size. */
static size_t make_hardware_report(const struct machine *m, const uint8_t *report_data,
        uint8_t ret[static HCL_HARDWARE_REPORT_SIZE]) {
        struct forge_snp snp = m->snp;
        struct forge_td td = m->td;

        memset(ret, 0, HCL_HARDWARE_REPORT_SIZE);
        switch (m->type) {
        case HCL_REPORT_SNP:
                memcpy(snp.report_data, report_data, sizeof(snp.report_data));
                forge_snp_make(&snp, m->vek, ret);
                return FORGE_SNP_SIZE;
        case HCL_REPORT_TDX:
                memcpy(td.report_data, report_data, sizeof(td.report_data));
                forge_td_report_make(&td, ret);
                return FORGE_TD_REPORT_SIZE;
        case HCL_REPORT_VBS:
                memset(ret, 0x5b, VBS_REPORT_SIZE); /* nothing that anybody here reads */
                return VBS_REPORT_SIZE;
        case HCL_REPORT_TVM:
        case HCL_REPORT_CCA:
        case _HCL_REPORT_TYPE_MAX:
                return 0;
        }
        return 0;
}

static struct forge_bytes make_claims(const struct machine *m, const uint8_t *user_data,
        enum report_flaw flaw) {
        struct forge_claims claims;
        struct forge_bytes text;

        forge_claims_init(&claims, flaw == REPORT_OTHER_AK ? m->pki.key[FORGE_OTHER_AK] : m->ak, m->ek,
                user_data);
        claims.zero_modulus = flaw == REPORT_ZERO_MODULUS;
        claims.upper_case = true;
        text = forge_claims_make(&claims);
        if (flaw == REPORT_NO_JSON)
                text.bytes[text.n - 1] = ',';
        return text;
}

struct forge_bytes machine_report(const struct machine *m, const uint8_t *user_data, enum report_flaw flaw) {
        _cleanup_(forge_bytes_done) struct forge_bytes claims = make_claims(m, user_data, flaw);
        uint8_t report_data[64], hardware[HCL_HARDWARE_REPORT_SIZE];
        struct forge_hcl hcl;
        struct forge_bytes report;

        forge_hcl_init(&hcl, flaw == REPORT_UNKNOWN_TYPE ? 9 : m->type);
        forge_report_data(hcl.hash_type, &claims, report_data);
        if (flaw == REPORT_CLAIMS_HASH)
                report_data[0] ^= 1;
        hcl.hardware = hardware;
        hcl.n_hardware = make_hardware_report(m, report_data, hardware);
        hcl.claims = claims.bytes;
        hcl.n_claims = claims.n;
        hcl.padded = 0;
        if (flaw == REPORT_MAGIC)
                hcl.magic ^= 0x20;
        if (flaw == REPORT_VERSION_2)
                hcl.request_version = 2;
        report = forge_hcl_make(&hcl);
        if (flaw == REPORT_OVERSIZED)
                forge_set_le(report.bytes + 8, 0x7fffffff, 4);
        if (flaw == REPORT_TRUNCATED && report.n <= MACHINE_TRUNCATED_SIZE)
                forge_set_le(report.bytes + 8, MACHINE_TRUNCATED_SIZE + 100, 4);
        return report;
}

struct forge_bytes machine_ak_certificate(const struct machine *m, enum certificate_flaw flaw) {
        struct forge_ak how = {};
        struct forge_bytes der = {};
        X509 *certificate;

        switch (flaw) {
        case CERTIFICATE_EMPTY:
        case CERTIFICATE_UNWRITTEN:
                return der;
        case CERTIFICATE_GARBAGE: /* the tag and length of a certificate, and nothing like one in it */
                forge_put(&der, "\x30\x82\x01\x00", 4);
                for (int i = 0; i < 0x100; i++)
                        forge_le(&der, 0xff - (uint64_t)i, 1);
                return der;
        case CERTIFICATE_GOOD:
        case CERTIFICATE_OTHER_KEY:
        case _CERTIFICATE_FLAW_MAX:
                break;
        }
        certificate = forge_ak_certificate(&m->pki, &how,
                flaw == CERTIFICATE_OTHER_KEY ? m->pki.key[FORGE_OTHER_AK] : m->ak);
        der = forge_der(certificate);
        X509_free(certificate);
        return der;
}

/* A string of JSON: PEM has nothing but line ends that must be escaped. */
static void put_json_text(struct forge_bytes *b, const struct forge_bytes *text) {
        forge_text(b, "\"");
        for (size_t i = 0; i < text->n; i++) {
                if (text->bytes[i] == '\n')
                        forge_text(b, "\\n");
                else
                        forge_put(b, text->bytes + i, 1);
        }
        forge_text(b, "\"");
}

struct forge_bytes machine_thim(const struct machine *m, enum http_flaw flaw) {
        struct forge_snp snp = m->snp;
        struct forge_vek vek;
        _cleanup_(forge_bytes_done) struct forge_bytes pem = {}, chain = {};
        struct forge_bytes json = {};
        X509 *other = NULL;

        snp.reported.microcode -= flaw == HTTP_TCBM;
        snp.chip_id[0] ^= flaw == HTTP_CHIP;
        vek = forge_snp_vek(&snp);
        if (flaw == HTTP_TCBM || flaw == HTTP_CHIP)
                other = forge_vek_certificate(&m->pki, &vek, m->vek);
        if (flaw == HTTP_GARBAGE)
                forge_text(&pem,
                        "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n");
        else
                forge_put_pem(&pem, other ? other : m->vek_certificate);
        chain = forge_vek_chain(&m->pki, m->snp.product, false, NULL);
        forge_text(&json, "{\"vcekCert\":");
        put_json_text(&json, &pem);
        forge_text(&json, ",\"tcbm\":\"%016llX\",\"certificateChain\":",
                (unsigned long long)forge_snp_tcb(&snp.reported, snp.product));
        put_json_text(&json, &chain);
        forge_text(&json, ",\"cacheControl\":\"86400\"}");
        X509_free(other);
        return json;
}

int machine_td_quote(const struct machine *m, const void *report, size_t n, struct forge_bytes *ret,
        struct diag *d) {
        struct forge_quote quote;
        struct forge_td td = m->td;
        const uint8_t *bytes = report;

        if (n != FORGE_TD_REPORT_SIZE || bytes[0] != 0x81)
                return diag_fail(d, -EBADMSG, "no TDREPORT");
        memcpy(td.report_data, bytes + 128, sizeof(td.report_data));
        forge_quote_init(&quote, 4);
        quote.attestation_key = m->attestation_key;
        quote.pck = m->pck;
        quote.pck_certificate = m->pck_certificate;
        *ret = forge_quote_make(&m->pki, &quote, &td);
        return 0;
}
