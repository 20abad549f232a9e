/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From evidence to what is shown of it, one function a format. Each adds its parts; 0, or a negative errno
 * with the reason in d for what cannot be parsed. Nothing is verified: a part says what would have to be,
 * and whether hashes that are at hand agree.
 */
#include <openssl/x509.h>

#include "cli/inspection.h"
#include "lib/base/json-scan.h"
#include "lib/format/hcl-report.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

/* Whatever it is. */
int inspect(struct inspection *i, struct span bytes, struct diag *d);

int inspect_hcl_report(struct inspection *i, struct span bytes, struct diag *d);
int inspect_snp_report(struct inspection *i, struct span bytes, struct diag *d);
int inspect_td_report(struct inspection *i, struct span bytes, struct diag *d);
int inspect_td_quote(struct inspection *i, struct span bytes, struct diag *d);

/* vouched: what says that they are right. */
int inspect_runtime_claims(struct inspection *i, struct span bytes, const char *vouched, struct diag *d);

int inspect_tpm_attest(struct inspection *i, struct span bytes, struct diag *d);
/* A quote with its registers: signature is a TPMT_SIGNATURE, or the number alone if `bare`. */
int inspect_quote(struct inspection *i, struct span attest, struct span signature, bool bare,
        const struct pcr_bank *pcrs, struct diag *d);
int inspect_tpm_public(struct inspection *i, struct span bytes, struct diag *d);

int inspect_event_log(struct inspection *i, struct span bytes, struct diag *d);
int inspect_systemd_log(struct inspection *i, struct span bytes, struct diag *d);
int inspect_ima_log(struct inspection *i, struct span bytes, struct diag *d);

int inspect_pem(struct inspection *i, struct span bytes, struct diag *d);
int inspect_certificate(struct inspection *i, struct span der, struct diag *d);

int inspect_bundle(struct inspection *i, struct span bytes, struct diag *d);
int inspect_trustee(struct inspection *i, struct span bytes, struct diag *d);
int inspect_tpm_quote(struct inspection *i, struct span bytes, struct diag *d);
int inspect_thim(struct inspection *i, struct span bytes, struct diag *d);
int inspect_az_quote(struct inspection *i, struct span bytes, struct diag *d);

/* The members of an object as fields, those of objects within it under "outer.inner"; none of `without`. */
void inspect_members(struct inspection *i, const struct json_node *object, const char *const *without,
        size_t n_without);
