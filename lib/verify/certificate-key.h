/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The key of a certificate, made of its numbers, without asking OpenSSL's decoders: RFC 3279, RFC 5480. */
#include <openssl/x509.h>

/* Curves alone; NULL until they are needed. */
struct certificate_curves {
        EVP_PKEY *p256, *p384;
};

void certificate_curves_done(struct certificate_curves *c);

/* NULL for a kind that is not made here (RSA and the two curves are), or one that cannot be made. The caller
 * frees it. */
EVP_PKEY *certificate_key(struct certificate_curves *curves, X509 *x509);
