/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The paravisor's report, NV index 0x01400001, with user-data of our choice in it. A read from offset 0
 * makes the paravisor write a new one, unless the last is younger than its window; so freshness is not
 * waited for but seen, and waited for only when it is missing.
 *
 * The report comes in several parts, and anybody's read can replace it in between. One is taken only when
 * the hash of its claims is what the hardware's report holds, with nothing but zeroes behind.
 */
#include "lib/claims/batch.h"
#include "lib/evidence/guest-input.h"
#include "lib/format/hcl-report.h"
#include "lib/format/runtime-claims.h"

#define HCL_REPORT_INDEX UINT32_C(0x01400001)

struct hcl_request {
        uint8_t user_data[USER_DATA_SIZE];
        enum freshness freshness; /* FRESHNESS_QUOTE: an old report is good enough, and said to be one */
        uint64_t window_usec;     /* the paravisor's */
};

struct hcl_collected {
        uint8_t *bytes; /* owned; those of the report, as long as it says that it is */
        struct hcl_report report;
        struct runtime_claims claims;
        bool fresh; /* it carries the user-data that was asked for */
};

void hcl_collected_done(struct hcl_collected *c);

/* Whether the hardware's report vouches for these claims: -EILSEQ if not. Trusted launch has no such report,
 * and nothing vouches for what it says: 0. */
int hcl_report_check(const struct hcl_report *report, struct diag *d);

/* What kind of report there is; the paravisor writes one only when there was none yet. -ENODATA: none. */
int hcl_report_look(struct tpm *t, enum hcl_report_type *ret, struct diag *d);

/*
 * -ENODATA: there is no report; -EBADMSG: it is malformed; -EILSEQ: it was torn each time; -EBUSY: somebody
 * else writes the guest input again and again; -ESTALE: the paravisor makes no new one. When this returns,
 * the guest input is as it was.
 */
int hcl_collect(struct tpm *t, struct guest_input_memory *m, const struct hcl_request *q,
        struct hcl_collected *ret, struct diag *d);
