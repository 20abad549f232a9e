/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The records of a bundle: the name of each, its media type and its kind. There is one of each at most, and
 * a bundle holds no others.
 */
#include <stddef.h>

enum bundle_record {
        BUNDLE_CLAIMS = 1, /* what cvmd says, JSON; the bytes that were hashed */
        BUNDLE_BATCH, /* nonce, bind and the bindings that share the report, JSON (lib/claims/batch.h) */
        BUNDLE_HCL_REPORT,     /* NV 0x01400001, cut to its declared size */
        BUNDLE_TPM_QUOTE,      /* tpm-quote.h */
        BUNDLE_TPM_EVENT_LOG,  /* binary_bios_measurements */
        BUNDLE_SYSTEMD_LOG,    /* systemd's userspace measurements, JSON-SEQ */
        BUNDLE_IMA_LOG,        /* binary_runtime_measurements */
        BUNDLE_AK_CERTIFICATE, /* DER */
        BUNDLE_SNP_VEK_CHAIN,  /* PEM, leaf first */
        BUNDLE_TD_QUOTE,
        BUNDLE_TSM_REPORT, /* JSON (lib/evidence/tsm.h) */
        _BUNDLE_RECORD_MAX,
};

const char *bundle_record_name(enum bundle_record r);       /* "hcl-report" */
const char *bundle_record_media_type(enum bundle_record r); /* "application/vnd.cvmd.hcl-report" */
unsigned bundle_record_indicator(enum bundle_record r);     /* enum cmw_indicator */
int bundle_record_find(const char *name);                   /* -EBADMSG */
