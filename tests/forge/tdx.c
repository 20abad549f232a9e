/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TDREPORT and quote, field after field in the order of Intel's tables. */
#include <string.h>

#include "tests/forge/tdx.h"

#define QE_REPORT_SIZE 384

void forge_td_init(struct forge_td *td) {
        *td = (struct forge_td){ .attributes = UINT64_C(1) << 28, .xfam = 0x618e7 };
        memcpy(td->tee_tcb_svn, (uint8_t[]){ 7, 1, 3 }, 3);
        memset(td->mrseam, 0x5e, sizeof(td->mrseam));
        memset(td->mrtd, 0xd7, sizeof(td->mrtd));
}

void forge_td_report_make(const struct forge_td *td, uint8_t ret[static FORGE_TD_REPORT_SIZE]) {
        uint8_t *tcb = ret + 256, *info = ret + 512;

        memset(ret, 0, FORGE_TD_REPORT_SIZE);
        memcpy(tcb + 8, td->tee_tcb_svn, 16);
        memcpy(tcb + 24, td->mrseam, 48);
        memcpy(tcb + 72, td->mrsignerseam, 48);
        forge_set_le(tcb, 0x301ff, 8); /* which of these are valid */
        forge_set_le(tcb + 120, td->seam_attributes, 8);
        memcpy(tcb + 128, td->tee_tcb_svn2, 16);
        forge_set_le(info, td->attributes, 8);
        forge_set_le(info + 8, td->xfam, 8);
        memcpy(info + 16, td->mrtd, 48);
        memcpy(info + 64, td->mrconfigid, 48);
        memcpy(info + 112, td->mrowner, 48);
        memcpy(info + 160, td->mrownerconfig, 48);
        memcpy(info + 208, td->rtmr, sizeof(td->rtmr));
        memcpy(info + 400, td->servtd_hash, 48);
        ret[0] = 0x81;
        memset(ret + 16, 3, 16);
        forge_hash("SHA384", tcb, 239, ret + 32);
        forge_hash("SHA384", info, 512, ret + 80);
        memcpy(ret + 128, td->report_data, 64);
        memset(ret + 224, 0x3a, 32);
}

void forge_quote_init(struct forge_quote *q, uint16_t version) {
        static const uint8_t intel[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d,
                0xb3, 0x95, 0x7f, 0x06, 0x07 };
        static const uint8_t signer[32] = { 0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34,
                0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40,
                0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5 };

        *q = (struct forge_quote){
                .version = version,
                .body_type = 3,
                .key_type = 2,
                .certificate_type = 5,
                .tee_type = 0x81,
                .qe_attributes = { 0x11 },
                .qe_prod_id = 2,
                .qe_svn = 8,
        };
        memcpy(q->qe_vendor_id, intel, sizeof(intel));
        memcpy(q->qe_mrsigner, signer, sizeof(signer));
        for (size_t i = 0; i < sizeof(q->auth); i++)
                q->auth[i] = (uint8_t)i;
}

static void put_header(struct forge_bytes *b, const struct forge_quote *q) {
        forge_le(b, q->version, 2);
        forge_le(b, q->key_type, 2);
        forge_le(b, q->tee_type, 4);
        forge_zeros(b, 4);
        forge_put(b, q->qe_vendor_id, 16);
        forge_zeros(b, 20);
}

static void put_body(struct forge_bytes *b, const struct forge_td *td, bool td_1_5) {
        forge_put(b, td->tee_tcb_svn, 16);
        forge_put(b, td->mrseam, 48);
        forge_put(b, td->mrsignerseam, 48);
        forge_le(b, td->seam_attributes, 8);
        forge_le(b, td->attributes, 8);
        forge_le(b, td->xfam, 8);
        forge_put(b, td->mrtd, 48);
        forge_put(b, td->mrconfigid, 48);
        forge_put(b, td->mrowner, 48);
        forge_put(b, td->mrownerconfig, 48);
        forge_put(b, td->rtmr, sizeof(td->rtmr));
        forge_put(b, td->report_data, 64);
        if (td_1_5) {
                forge_put(b, td->tee_tcb_svn2, 16);
                forge_put(b, td->mrservicetd, 48);
        }
}

/* x and y of a P-256 key. */
static void public_point(EVP_PKEY *key, uint8_t ret[static 64]) {
        uint8_t point[65];
        size_t n = 0;

        forge_check(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof(point), &n) &&
                        n == sizeof(point),
                "a public key");
        memcpy(ret, point + 1, 64);
}

/* The quoting enclave's report: its report_data binds the attestation key. */
static void make_qe_report(const struct forge_quote *q, const uint8_t key[static 64],
        uint8_t ret[static QE_REPORT_SIZE]) {
        uint8_t both[64 + sizeof(q->auth)];

        memset(ret, 0, QE_REPORT_SIZE);
        memset(ret, 3, 16); /* CPUSVN */
        memcpy(ret + 48, q->qe_attributes, 16);
        memset(ret + 64, 0xe1, 32); /* MRENCLAVE */
        memcpy(ret + 128, q->qe_mrsigner, 32);
        forge_set_le(ret + 256, q->qe_prod_id, 2);
        forge_set_le(ret + 258, q->qe_svn, 2);
        memcpy(both, key, 64);
        memcpy(both + 64, q->auth, sizeof(q->auth));
        forge_hash("SHA256", both, sizeof(both), ret + 320);
}

static void put_certification(struct forge_bytes *b, const struct forge_quote *q, const uint8_t *key,
        const struct forge_bytes *chain) {
        uint8_t report[QE_REPORT_SIZE], signature[64];

        make_qe_report(q, key, report);
        forge_ecdsa(q->pck, "SHA256", report, sizeof(report), 32, signature, signature + 32);
        forge_put(b, report, sizeof(report));
        forge_put(b, signature, sizeof(signature));
        forge_le(b, sizeof(q->auth), 2);
        forge_put(b, q->auth, sizeof(q->auth));
        forge_le(b, q->certificate_type, 2);
        forge_le(b, chain->n, 4);
        forge_put(b, chain->bytes, chain->n);
}

struct forge_bytes forge_quote_make(const struct forge_pki *p, const struct forge_quote *q,
        const struct forge_td *td) {
        struct forge_bytes quote = {}, certification = {}, own = {};
        uint8_t signature[64], key[64];
        bool td_1_5 = q->version == 5 && q->body_type == 3;

        put_header(&quote, q);
        if (q->version == 5) {
                forge_le(&quote, q->body_type, 2);
                forge_le(&quote, td_1_5 ? 648 : 584, 4);
        }
        put_body(&quote, td, td_1_5);
        forge_ecdsa(q->attestation_key, "SHA256", quote.bytes, quote.n, 32, signature, signature + 32);
        public_point(q->attestation_key, key);
        if (!q->chain) {
                own = forge_pck_chain(p, q->pck_certificate);
                forge_zeros(&own, 1); /* Intel's chain ends with a NUL */
        }
        put_certification(&certification, q, key, q->chain ? q->chain : &own);
        forge_le(&quote, sizeof(signature) + sizeof(key) + 2 + 4 + certification.n, 4);
        forge_put(&quote, signature, sizeof(signature));
        forge_put(&quote, key, sizeof(key));
        forge_le(&quote, 6, 2);
        forge_le(&quote, certification.n, 4);
        forge_put(&quote, certification.bytes, certification.n);
        forge_zeros(&quote, q->trailing_zeros);
        forge_bytes_done(&certification);
        forge_bytes_done(&own);
        return quote;
}
