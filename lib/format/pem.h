/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PEM (RFC 7468), strictly: blocks of one label and white space, nothing before, between or behind them, for
 * OpenSSL's reader skips whatever it does not understand. And certificates in DER, of which a fingerprint is
 * taken: one encoding each.
 */
#include <openssl/x509.h>

#include "lib/base/diag.h"
#include "lib/format/span.h"

#define CERTIFICATE_MAX 16384 /* bytes of one certificate, in either form */

/*
 * The text between the lines of the next block in `text`, which goes on behind it: -ENODATA when only white
 * space is left, -EBADMSG for anything else. label: "CERTIFICATE", "X509 CRL"; what names the text in d.
 */
int pem_next(struct span *text, const char *label, const char *what, struct span *ret, struct diag *d);

/* The bytes that such a text stands for, at most max; lines may be of any length. The caller frees *ret.
 * -EBADMSG. */
int pem_decode(struct span body, const char *what, size_t max, uint8_t **ret, size_t *ret_size,
        struct diag *d);

/* One line for each 64 characters; the caller frees *ret, which ends with a NUL. -ENOMEM. */
int pem_format(const char *label, const void *bytes, size_t n, char **ret);

/* One certificate: exactly these n bytes, and as DER demands them. The caller frees *ret with X509_free().
 * -EBADMSG. */
int certificate_parse(const void *bytes, size_t n, const char *what, X509 **ret, struct diag *d);

/*
 * The same in a context of OpenSSL's that may lack what reads keys, which takes longer than all the rest:
 * then the certificate has none that can be used. context: NULL for the ordinary one.
 */
int certificate_parse_in(OSSL_LIB_CTX *context, const void *bytes, size_t n, const char *what, X509 **ret,
        struct diag *d);

/* The caller frees *ret. -ENOMEM. */
int certificate_format(const X509 *certificate, uint8_t **ret, size_t *ret_size);

/* Seconds since 1970, or -1: it cannot be read. */
int64_t certificate_time(const ASN1_TIME *t);
