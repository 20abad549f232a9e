/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes are nested, each within the one around it: a child cursor cannot leave its parent. */
#include "lib/format/tdx-quote.h"

#include <errno.h>

#define KEY_ECDSA_P256 2
#define TEE_TDX 0x81
#define BODY_TD10 2
#define BODY_TD10_SIZE 584
#define BODY_TD15 3
#define BODY_TD15_SIZE 648
#define CERTIFICATION_QE_REPORT 6
#define CERTIFICATION_PCK_CHAIN 5
#define SIGNATURE_SIZE 64

static int read_header(struct cursor *c, struct tdx_quote *q, struct diag *d) {
        bool zero;

        q->version = cursor_le16(c);
        q->key_type = cursor_le16(c);
        q->tee_type = cursor_le32(c);
        zero = span_skip_zero(c, 4);
        span_copy(c, q->qe_vendor_id, sizeof(q->qe_vendor_id));
        span_copy(c, q->user_data, sizeof(q->user_data));
        if (c->bad)
                return diag_fail(d, -EBADMSG, "cut off within its header");
        if (q->version != 4 && q->version != 5)
                return diag_fail(d, -EOPNOTSUPP, "version %u, 4 and 5 are known", q->version);
        if (q->tee_type != TEE_TDX)
                return diag_fail(d, -EBADMSG, "type 0x%x, not that of a TD", q->tee_type);
        if (q->key_type != KEY_ECDSA_P256)
                return diag_fail(d, -EOPNOTSUPP, "attestation key type %u, not ECDSA P-256", q->key_type);
        return zero ? 0 : diag_fail(d, -EBADMSG, "reserved bytes of the header are not zero");
}

/* Version 5 says what the body is; version 4 has one kind. */
static int read_body_size(struct cursor *c, struct tdx_quote *q, uint32_t *ret, struct diag *d) {
        uint32_t size = BODY_TD10_SIZE, expected;

        q->body_type = BODY_TD10;
        if (q->version == 5) {
                q->body_type = cursor_le16(c);
                size = cursor_le32(c);
        }
        if (!c->bad && q->body_type != BODY_TD10 && q->body_type != BODY_TD15)
                return diag_fail(d, -EOPNOTSUPP, "body type %u, 2 and 3 are known", q->body_type);
        expected = q->body_type == BODY_TD15 ? BODY_TD15_SIZE : BODY_TD10_SIZE;
        if (!c->bad && size != expected)
                return diag_fail(d, -EBADMSG, "a body of %u bytes, its type has %u", size, expected);
        *ret = size;
        return 0;
}

static void read_body(struct cursor c, struct tdx_quote *q) {
        span_copy(&c, q->tee_tcb_svn, sizeof(q->tee_tcb_svn));
        span_copy(&c, q->mrseam, sizeof(q->mrseam));
        span_copy(&c, q->mrsignerseam, sizeof(q->mrsignerseam));
        q->seam_attributes = cursor_le64(&c);
        tdx_measurements_read(&c, &q->td);
        span_copy(&c, q->report_data, sizeof(q->report_data));
        if (q->body_type == BODY_TD15) {
                span_copy(&c, q->tee_tcb_svn2, sizeof(q->tee_tcb_svn2));
                span_copy(&c, q->mrservicetd, sizeof(q->mrservicetd));
        }
}

/* The REPORT structure of SGX; what lies between the fields is the enclave's affair. */
static void read_qe_report(struct span bytes, struct sgx_report *ret) {
        struct cursor c = cursor_over(bytes.bytes, bytes.n);

        span_copy(&c, ret->cpusvn, sizeof(ret->cpusvn));
        ret->misc_select = cursor_le32(&c);
        (void)span_take(&c, 28);
        span_copy(&c, ret->attributes, sizeof(ret->attributes));
        span_copy(&c, ret->mrenclave, sizeof(ret->mrenclave));
        (void)span_take(&c, 32);
        span_copy(&c, ret->mrsigner, sizeof(ret->mrsigner));
        (void)span_take(&c, 96);
        ret->isv_prod_id = cursor_le16(&c);
        ret->isv_svn = cursor_le16(&c);
        (void)span_take(&c, 60);
        span_copy(&c, ret->report_data, sizeof(ret->report_data));
}

/* A type and the bytes that go with it. */
static int take_certification(struct cursor *c, uint16_t wanted, struct cursor *ret, struct diag *d) {
        struct cursor inner;
        uint16_t type;
        uint32_t size;

        type = cursor_le16(c);
        size = cursor_le32(c);
        inner = cursor_sub(c, size);
        if (c->bad)
                return diag_fail(d, -EBADMSG, "certification data runs over its end");
        if (type != wanted)
                return diag_fail(d, -EOPNOTSUPP, "certification data of type %u where %u is known", type,
                        wanted);
        *ret = inner;
        return 0;
}

static int read_signature_data(struct cursor c, struct tdx_quote *q, struct diag *d) {
        struct cursor qe, chain;
        uint16_t n_auth;
        int r;

        q->signature = span_take(&c, SIGNATURE_SIZE);
        q->attestation_key = span_take(&c, SIGNATURE_SIZE);
        r = take_certification(&c, CERTIFICATION_QE_REPORT, &qe, d);
        if (r < 0)
                return r;
        q->qe_report_bytes = span_take(&qe, SGX_REPORT_SIZE);
        q->qe_signature = span_take(&qe, SIGNATURE_SIZE);
        n_auth = cursor_le16(&qe);
        q->qe_auth = span_take(&qe, n_auth);
        r = take_certification(&qe, CERTIFICATION_PCK_CHAIN, &chain, d);
        if (r < 0)
                return r;
        q->certificates = span_take(&chain, chain.left);
        if (!cursor_finish(&qe) || !cursor_finish(&c))
                return diag_fail(d, -EBADMSG, "bytes are left over within the signature data");
        if (q->certificates.n == 0)
                return diag_fail(d, -EBADMSG, "no certificates");
        read_qe_report(q->qe_report_bytes, &q->qe_report);
        return 0;
}

static int parse(const void *bytes, size_t n, struct tdx_quote *q, struct diag *d) {
        struct cursor c = cursor_over(bytes, n), body, data;
        uint32_t size = 0;
        int r;

        if (n > TDX_QUOTE_MAX)
                return diag_fail(d, -EBADMSG, "%zu bytes, at most %d", n, TDX_QUOTE_MAX);
        r = read_header(&c, q, d);
        if (r < 0)
                return r;
        r = read_body_size(&c, q, &size, d);
        if (r < 0)
                return r;
        body = cursor_sub(&c, size);
        q->signed_part = (struct span){ bytes, n - c.left };
        size = cursor_le32(&c);
        data = cursor_sub(&c, size);
        if (c.bad)
                return diag_fail(d, -EBADMSG, "cut off at %zu bytes", n);
        read_body(body, q);
        q->size = n - c.left;
        return read_signature_data(data, q, d);
}

int tdx_quote_parse(const void *bytes, size_t n, struct tdx_quote *ret, struct diag *d) {
        struct tdx_quote q = {};
        int r;

        r = parse(bytes, n, &q, d);
        if (r < 0)
                return diag_wrap(d, r, "TD quote");
        *ret = q;
        return 0;
}
