/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The machine below the guest: its processor, that signs reports, and whoever certifies its keys. Evidence
 * comes from tests/forge; what is wrong with it on order, from here.
 */
#include <openssl/x509.h>

#include "lib/format/hcl-report.h"
#include "lib/format/snp-report.h"
#include "tests/forge/bytes.h"
#include "tests/paravisor/behaviour.h"
#include "tests/paravisor/tpm.h"

#define MACHINE_TRUNCATED_SIZE 2048 /* of the index of a report that does not fit in */

struct machine;

/* pki: what forge-pki wrote. A TVM or VBS guest has no processor that signs. */
int machine_new(const char *pki, enum hcl_report_type type, enum snp_product product, struct machine **ret);
void machine_free(struct machine *m);

/* The keys that the claims name and Azure certifies. */
void machine_set_keys(struct machine *m, const struct tpm_keys *keys);

/* Its three roots as files: `cvmctl attest verify --roots`. */
void machine_save_roots(const struct machine *m, const char *folder);

/* The chain of the key that signs SNP reports, PEM, leaf first, for guests that cannot ask the endpoint. */
void machine_save_vek(const struct machine *m, const char *path);

/* The HCL report over these 64 bytes, cut to what it declares. */
struct forge_bytes machine_report(const struct machine *m, const uint8_t *user_data, enum report_flaw flaw);

/* DER; nothing for one that is empty or unwritten. */
struct forge_bytes machine_ak_certificate(const struct machine *m, enum certificate_flaw flaw);

/* The answer of the THIM endpoint: JSON. */
struct forge_bytes machine_thim(const struct machine *m, enum http_flaw flaw);

/* A quote for that TDREPORT. -EBADMSG for what is none. */
int machine_td_quote(const struct machine *m, const void *report, size_t n, struct forge_bytes *ret,
        struct diag *d);

DEFINE_FREEP(struct machine, machine_free)
