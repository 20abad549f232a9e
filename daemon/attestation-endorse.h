/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the network adds to a report: the certificates of the chip, which are kept for as long as they are
 * good for, and the quote of a TDX report. Evidence without them is evidence: a network that does not answer
 * is not asked again for a while, and holds nobody up meanwhile.
 */
#include "daemon/attestation-helper.h"

struct attestation;
struct endorsing;

/* What a report says of its chip. */
struct chip {
        struct evidence_bytes id;
        uint64_t tcb;
        char *product;
};

/*
 * Sees to the endorsements of this chip (no id: none), and a quote of this TDREPORT (no bytes: none).
 * batch_endorsed() follows in any case, maybe before this returns.
 */
void endorsing_begin(struct attestation *a, const struct chip *chip, const struct evidence_bytes *td_report);

/* What there is for the batch under way; without bytes: nothing. Until the next endorsing_begin(). */
struct span endorsing_vek_chain(const struct attestation *a);
struct span endorsing_vek(const struct attestation *a);
struct span endorsing_td_quote(const struct attestation *a);

/* Why there is nothing, for those who cannot do without; "" when that is no failure. */
const char *endorsing_trouble(const struct attestation *a);

/* The connection is gone. */
void endorsing_forget(struct attestation *a);
void endorsing_free(struct endorsing *e);
