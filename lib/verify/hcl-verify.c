/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source of the rules: openvmm, openhcl_attestation_protocol. */
#include "lib/verify/hcl-verify.h"

#include <openssl/crypto.h>
#include <string.h>

#define REPORT_DATA_SIZE 64

/* What the hardware says for the guest; NULL: this kind of report has no such thing, or is not signed. */
static const uint8_t *report_data(const struct evidence *e) {
        if (e->has_snp)
                return e->snp.report_data;
        return e->has_td_report ? e->td_report.report_data : NULL;
}

static enum pcr_hash hash_of(enum hcl_hash_type t) {
        switch (t) {
        case HCL_HASH_SHA256:
                return PCR_SHA256;
        case HCL_HASH_SHA384:
                return PCR_SHA384;
        case HCL_HASH_SHA512:
                return PCR_SHA512;
        case _HCL_HASH_TYPE_MAX:
                break;
        }
        return 0;
}

static void verify_hash(const struct evidence *e, const uint8_t data[REPORT_DATA_SIZE],
        const struct anchors *a, struct checks *c) {
        enum pcr_hash hash = hash_of(e->hcl.hash_type);
        size_t n = pcr_hash_size(hash);
        uint8_t digest[PCR_SIZE_MAX];
        struct span tail;

        if (!signature_hash(a->signatures, hash, e->hcl.claims.bytes, e->hcl.claims.n, digest)) {
                check_note(c, CHECK_CLAIMS_HASH, CHECK_FAIL, "cannot compute the hash of the claims");
                return;
        }
        check_that(c, CHECK_CLAIMS_HASH, CRYPTO_memcmp(digest, data, n) == 0,
                "%s of the runtime claims in the report data of the hardware's report",
                hcl_hash_type_to_string(e->hcl.hash_type));
        tail = (struct span){ data + n, REPORT_DATA_SIZE - n };
        check_that(c, CHECK_REPORT_DATA_TAIL, span_is_zero(tail), "zero behind the hash");
}

void hcl_verify(const struct evidence *e, const struct anchors *a, struct checks *c) {
        const uint8_t *data = report_data(e);

        if (!data) {
                check_note(c, CHECK_HARDWARE, CHECK_FAIL,
                        "isolation by %s: no signature of a processor's maker vouches for such a report",
                        hcl_report_type_to_string(e->type));
                return;
        }
        verify_hash(e, data, a, c);
        if (e->has_td_quote)
                check_that(c, CHECK_TD_QUOTE_REPORT_DATA,
                        CRYPTO_memcmp(e->td_quote.report_data, data, REPORT_DATA_SIZE) == 0,
                        "report data of the TD quote and of the TDREPORT");
        else if (e->has_td_report)
                check_note(c, CHECK_TD_QUOTE_SIGNATURE, CHECK_UNAVAILABLE,
                        "a TDREPORT can be checked on its platform alone: a TD quote belongs to it");
}
