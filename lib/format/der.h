/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Elements of DER (X.690): a tag of one byte, a length in its one encoding, and so many bytes. */
#include <openssl/x509.h>

#include "lib/format/span.h"

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_OCTET_STRING 0x04
#define DER_OBJECT 0x06
#define DER_IA5_STRING 0x16
#define DER_SEQUENCE 0x30

/* The next element, which has to have that tag; false, and the cursor bad, otherwise. */
bool der_take(struct cursor *c, uint8_t tag, struct span *ret);

/* The next element of any tag, whole in *ret_whole. */
bool der_take_any(struct cursor *c, struct span *ret_whole);

/* The content of the one element that der is. */
bool der_read(struct span der, uint8_t tag, struct span *ret);

/* That one element, as an INTEGER of 0 to max in its one encoding. */
bool der_read_number(struct span der, uint32_t max, uint32_t *ret);

/* What an extension of a certificate holds. */
struct span der_of_extension(const X509_EXTENSION *x);
