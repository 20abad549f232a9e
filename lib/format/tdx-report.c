/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/tdx-report.h"

#include <errno.h>

#define TYPE_TDX 0x81
#define TEE_TCB_INFO_SIZE 239
#define TEE_TCB_INFO_OFFSET 256
#define TD_INFO_SIZE 512

void tdx_measurements_read(struct cursor *c, struct tdx_measurements *ret) {
        ret->attributes = cursor_le64(c);
        ret->xfam = cursor_le64(c);
        span_copy(c, ret->mrtd, sizeof(ret->mrtd));
        span_copy(c, ret->mrconfigid, sizeof(ret->mrconfigid));
        span_copy(c, ret->mrowner, sizeof(ret->mrowner));
        span_copy(c, ret->mrownerconfig, sizeof(ret->mrownerconfig));
        for (size_t i = 0; i < sizeof(ret->rtmr) / sizeof(ret->rtmr[0]); i++)
                span_copy(c, ret->rtmr[i], sizeof(ret->rtmr[i]));
}

/* REPORTMACSTRUCT, 256 bytes. */
static bool read_mac_struct(struct cursor *c, struct tdx_report *t) {
        bool zero;

        t->type = cursor_u8(c);
        t->subtype = cursor_u8(c);
        t->version = cursor_u8(c);
        zero = span_skip_zero(c, 13);
        span_copy(c, t->cpusvn, sizeof(t->cpusvn));
        span_copy(c, t->tee_tcb_info_hash, sizeof(t->tee_tcb_info_hash));
        span_copy(c, t->tee_info_hash, sizeof(t->tee_info_hash));
        span_copy(c, t->report_data, sizeof(t->report_data));
        zero &= span_skip_zero(c, 32);
        span_copy(c, t->mac, sizeof(t->mac));
        return zero;
}

static int parse(const void *bytes, size_t n, struct tdx_report *t, struct diag *d) {
        struct cursor c = cursor_over(bytes, n), info;
        bool zero;

        if (n != TDX_REPORT_SIZE)
                return diag_fail(d, -EBADMSG, "%zu bytes, not %d", n, TDX_REPORT_SIZE);
        zero = read_mac_struct(&c, t);
        if (t->type != TYPE_TDX || t->subtype != 0)
                return diag_fail(d, -EBADMSG, "type 0x%02x.%u, not that of a TD", t->type, t->subtype);
        if (t->version > 1)
                return diag_fail(d, -EOPNOTSUPP, "version %u, 0 and 1 are known", t->version);
        t->tee_tcb_info = span_take(&c, TEE_TCB_INFO_SIZE);
        zero &= span_skip_zero(&c, TDX_REPORT_SIZE - TD_INFO_SIZE - TEE_TCB_INFO_OFFSET - TEE_TCB_INFO_SIZE);
        t->td_info = (struct span){ c.at, TD_INFO_SIZE };
        info = cursor_sub(&c, TD_INFO_SIZE);
        tdx_measurements_read(&info, &t->td);
        span_copy(&info, t->servtd_hash, sizeof(t->servtd_hash));
        zero &= span_skip_zero(&info, info.left);
        return zero && cursor_finish(&c) ? 0 : diag_fail(d, -EBADMSG, "reserved bytes are not zero");
}

int tdx_report_parse(const void *bytes, size_t n, struct tdx_report *ret, struct diag *d) {
        struct tdx_report t = {};
        int r;

        r = parse(bytes, n, &t, d);
        if (r < 0)
                return diag_wrap(d, r, "TDREPORT");
        *ret = t;
        return 0;
}
