/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a file holds, by its first bytes and its size. It is a guess that costs little: the parser of that
 * format then says whether it is so.
 */
#include <stddef.h>
#include <stdint.h>

enum content {
        CONTENT_BUNDLE = 1, /* a CMW collection */
        CONTENT_TRUSTEE,
        CONTENT_TPM_QUOTE,      /* our record of a quote */
        CONTENT_RUNTIME_CLAIMS, /* JSON, without the report around it */
        CONTENT_THIM,           /* the answer of Azure's endpoint for chips' certificates */
        CONTENT_HCL_REPORT,
        CONTENT_SNP_REPORT,
        CONTENT_TD_REPORT,
        CONTENT_TD_QUOTE,
        CONTENT_TPM_ATTEST,
        CONTENT_AZ_QUOTE, /* az-quote.h */
        CONTENT_EVENT_LOG,
        CONTENT_SYSTEMD_LOG,
        CONTENT_IMA_LOG,
        CONTENT_PEM, /* certificates or keys */
        CONTENT_DER, /* one certificate */
        CONTENT_HEX, /* anything of the above that is binary, as text: detect_unhex() */
        _CONTENT_MAX,
};

/* 0 for nothing that is known. */
enum content detect(const void *bytes, size_t n);

const char *content_to_string(enum content c); /* "bundle", "trustee", "hcl-report", ... */

/*
 * The bytes that hexadecimal digits stand for; white space may follow them. The caller frees *ret. -EBADMSG,
 * -ENOMEM.
 */
int detect_unhex(const void *text, size_t n, uint8_t **ret, size_t *ret_size);
