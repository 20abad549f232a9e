/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/der.h"

#define LONG_FORM 0x80
#define LENGTH_BYTES_MAX 4

/* The length of what follows; false for one that is not in its shortest form. */
static bool take_length(struct cursor *c, size_t *ret) {
        uint8_t first = cursor_u8(c);
        size_t n = 0;

        if (first < LONG_FORM) {
                *ret = first;
                return !c->bad;
        }
        first -= LONG_FORM;
        if (first == 0 || first > LENGTH_BYTES_MAX)
                return false;
        for (uint8_t i = 0; i < first; i++) {
                uint8_t byte = cursor_u8(c);

                if (i == 0 && byte == 0)
                        return false;
                n = n << 8 | byte;
        }
        *ret = n;
        return !c->bad && n >= LONG_FORM;
}

bool der_take(struct cursor *c, uint8_t tag, struct span *ret) {
        uint8_t found = cursor_u8(c);
        size_t n = 0;

        if (found != tag || !take_length(c, &n)) {
                c->bad = true;
                return false;
        }
        *ret = span_take(c, n);
        return !c->bad;
}

bool der_take_any(struct cursor *c, struct span *ret_whole) {
        struct cursor ahead = *c;
        uint8_t tag = cursor_u8(&ahead);
        struct span content;

        if (ahead.bad || !der_take(&(struct cursor){ c->at, c->left, c->bad }, tag, &content)) {
                c->bad = true;
                return false;
        }
        *ret_whole = span_take(c, (size_t)(content.bytes - c->at) + content.n);
        return !c->bad;
}

bool der_read(struct span der, uint8_t tag, struct span *ret) {
        struct cursor c = cursor_over(der.bytes, der.n);

        return der_take(&c, tag, ret) && cursor_finish(&c);
}

bool der_read_number(struct span der, uint32_t max, uint32_t *ret) {
        uint64_t value = 0;
        struct span s;

        if (!der_read(der, DER_INTEGER, &s) || s.n == 0 || s.n > sizeof(max) + 1)
                return false;
        if (s.bytes[0] >= 0x80 || (s.n > 1 && s.bytes[0] == 0 && s.bytes[1] < 0x80))
                return false; /* negative, or with a zero too many */
        for (size_t i = 0; i < s.n; i++)
                value = value << 8 | s.bytes[i];
        if (value > max)
                return false;
        *ret = (uint32_t)value;
        return true;
}

struct span der_of_extension(const X509_EXTENSION *x) {
        const ASN1_OCTET_STRING *der = X509_EXTENSION_get_data((X509_EXTENSION *)x);

        return (struct span){ ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der) };
}
