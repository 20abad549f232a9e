/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "lib/evidence/export.h"
#include "lib/format/trustee.h"

int export_trustee(const struct export_parts *p, char **ret, struct diag *d) {
        bool snp = p->isolation && strcmp(p->isolation, "snp") == 0;
        bool tdx = p->isolation && strcmp(p->isolation, "tdx") == 0;
        const struct span *proof = snp ? &p->vek : &p->td_quote;

        if (!snp && !tdx)
                return diag_fail(d, -EOPNOTSUPP, "format trustee knows SNP and TDX, not isolation '%s'",
                        p->isolation ?: "");
        if (proof->n == 0)
                return diag_fail(d, -ENODATA, "format trustee has to carry the %s, and there is none: %s",
                        snp ? "chip's certificate" : "TD quote", p->missing);
        /* borrowed: it is only written down */
        const struct trustee_evidence e = {
                .version = 2,
                .signature = (uint8_t *)p->signature.bytes,
                .n_signature = p->signature.n,
                .message = (uint8_t *)p->message.bytes,
                .n_message = p->message.n,
                .hcl_report = (uint8_t *)p->hcl_report.bytes,
                .n_hcl_report = p->hcl_report.n,
                .pcrs = *p->pcrs,
                .vek = snp ? (uint8_t *)p->vek.bytes : NULL,
                .n_vek = snp ? p->vek.n : 0,
                .td_quote = tdx ? (uint8_t *)p->td_quote.bytes : NULL,
                .n_td_quote = tdx ? p->td_quote.n : 0,
        };
        int r = trustee_evidence_format(&e, ret);

        return r < 0 ? diag_errno(d, r, "format trustee") : 0;
}
