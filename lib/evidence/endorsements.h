/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What vouches for the key that signs SEV-SNP reports of a chip: its certificate (VEK) and AMD's two above
 * it, as Azure's THIM answers, GET /metadata/THIM/amd/certification: a JSON object with
 *   vcekCert          PEM, the VEK
 *   certificateChain  PEM, ASK and ARK
 *   tcbm              the TCB that the VEK is for, hexadecimal
 *   cacheControl      for how long to keep it, seconds
 * Source: Azure's confidential-computing-cvm-guest-attestation and azure-cvm-tooling,
 * az-cvm-vtpm/src/imds.rs.
 *
 * The answer comes from the host. It is taken for what it proves: that a key which calls itself AMD's
 * certifies this chip at this TCB. Whether that key is AMD's, whoever verifies the evidence decides.
 */
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/format/certificate-list.h"
#include "lib/format/vek-certificate.h"

#define ENDORSEMENTS_ANSWER_MAX 65536
#define ENDORSEMENTS_LIFETIME_MAX (30 * 24 * 3600) /* seconds; what is longer is taken for this */

struct endorsements {
        struct certificate_list chain; /* VEK, ASK, ARK */
        struct vek_certificate vek;
        uint64_t tcb;       /* tcbm */
        uint32_t lifetime;  /* seconds */
        uint64_t not_after; /* when the first of the chain expires, seconds since 1970 */
};

/* What endorsements are wanted for: from the report that the key has signed. */
struct endorsed {
        uint8_t chip_id[SNP_CHIP_ID_SIZE]; /* zero: masked, and any chip will do */
        uint64_t tcb;                      /* reported TCB */
        enum snp_product product;          /* 0: the report does not say */
};

/* -EBADMSG for anything but such an answer, HTML among it. Other members of the object are left alone. */
int endorsements_parse(const char *text, size_t n, struct endorsements *ret, struct diag *d);
void endorsements_done(struct endorsements *e);

/*
 * -EKEYREJECTED  the chain does not hold: a signature, a name, or a certificate that expired before `now`
 *                (seconds since 1970)
 * -EXDEV         they are another chip's, or another product's
 * -ESTALE        they are for another TCB, or tcbm and certificate contradict each other: while firmware is
 *                updated, THIM and the report can be a moment apart, so asking again may help
 */
int endorsements_check(const struct endorsements *e, const struct endorsed *for_what, uint64_t now,
        struct diag *d);
