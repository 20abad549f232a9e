/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "lib/evidence/export.h"
#include "lib/format/trustee.h"

#define HCL_INDEX_SIZE 2600 /* what attesters send is the whole index: the report, and zeroes behind it */

/* The caller frees *ret. */
static int pad_report(const struct span *report, uint8_t **ret, size_t *ret_size) {
        size_t n = report->n < HCL_INDEX_SIZE ? HCL_INDEX_SIZE : report->n;
        uint8_t *padded = calloc(1, n);

        if (!padded)
                return -ENOMEM;
        if (report->n > 0)
                memcpy(padded, report->bytes, report->n);
        *ret = padded;
        *ret_size = n;
        return 0;
}

int export_trustee(const struct export_parts *p, char **ret, struct diag *d) {
        bool snp = p->isolation && strcmp(p->isolation, "snp") == 0;
        bool tdx = p->isolation && strcmp(p->isolation, "tdx") == 0;
        const struct span *proof = snp ? &p->vek : &p->td_quote;
        _cleanup_(freep) uint8_t *report = NULL;
        size_t n_report;
        int r;

        if (!snp && !tdx)
                return diag_fail(d, -EOPNOTSUPP, "format trustee knows SNP and TDX, not isolation '%s'",
                        p->isolation ?: "");
        if (proof->n == 0)
                return diag_fail(d, -ENODATA, "format trustee has to carry the %s, and there is none: %s",
                        snp ? "chip's certificate" : "TD quote", p->missing);
        r = pad_report(&p->hcl_report, &report, &n_report);
        if (r < 0)
                return diag_errno(d, r, "format trustee");
        /* borrowed: it is only written down */
        const struct trustee_evidence e = {
                .version = 2,
                .signature = (uint8_t *)p->signature.bytes,
                .n_signature = p->signature.n,
                .message = (uint8_t *)p->message.bytes,
                .n_message = p->message.n,
                .hcl_report = report,
                .n_hcl_report = n_report,
                .pcrs = *p->pcrs,
                .vek = snp ? (uint8_t *)p->vek.bytes : NULL,
                .n_vek = snp ? p->vek.n : 0,
                .td_quote = tdx ? (uint8_t *)p->td_quote.bytes : NULL,
                .n_td_quote = tdx ? p->td_quote.n : 0,
        };
        r = trustee_evidence_format(&e, ret);
        return r < 0 ? diag_errno(d, r, "format trustee") : 0;
}
