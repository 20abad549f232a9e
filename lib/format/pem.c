/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/pem.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define LINE 64 /* RFC 7468, section 2 */

static bool is_blank(uint8_t c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct span *text, size_t n) {
        text->bytes += n;
        text->n -= n;
}

static bool take(struct span *text, const char *word) {
        size_t n = strlen(word);

        if (text->n < n || memcmp(text->bytes, word, n) != 0)
                return false;
        skip(text, n);
        return true;
}

int pem_next(struct span *text, const char *label, const char *what, struct span *ret, struct diag *d) {
        char begin[64], end[64];
        const uint8_t *stop;
        struct span body;

        snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
        snprintf(end, sizeof(end), "-----END %s-----", label);
        while (text->n > 0 && is_blank(*text->bytes))
                skip(text, 1);
        if (text->n == 0)
                return -ENODATA;
        if (!take(text, begin))
                return diag_fail(d, -EBADMSG, "%s: only %s blocks in PEM belong here, one behind the other",
                        what, label);
        stop = memmem(text->bytes, text->n, end, strlen(end));
        if (!stop)
                return diag_fail(d, -EBADMSG, "%s: a %s that is cut off", what, label);
        body = (struct span){ .bytes = text->bytes, .n = (size_t)(stop - text->bytes) };
        skip(text, body.n + strlen(end));
        *ret = body;
        return 0;
}

int pem_decode(struct span body, const char *what, size_t max, uint8_t **ret, size_t *ret_size,
        struct diag *d) {
        _cleanup_(freep) char *joined = malloc(body.n + 1);
        size_t n = 0;
        int r;

        if (!joined)
                return diag_errno(d, -ENOMEM, "%s", what);
        for (size_t i = 0; i < body.n; i++)
                if (body.bytes[i] != '\n' && body.bytes[i] != '\r')
                        joined[n++] = (char)body.bytes[i];
        r = base64_parse(joined, n, BASE64_STANDARD, max, ret, ret_size);
        if (r == -EMSGSIZE)
                return diag_fail(d, -EBADMSG, "%s: a block of more than %zu bytes", what, max);
        return r < 0 ? diag_fail(d, r, "%s: base64 that is not canonical", what) : 0;
}

int pem_format(const char *label, const void *bytes, size_t n, char **ret) {
        _cleanup_(freep) char *body = NULL, *text = NULL;
        size_t size;
        FILE *f;
        int r = base64_format(bytes, n, BASE64_STANDARD, &body);

        if (r < 0)
                return r;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fprintf(f, "-----BEGIN %s-----\n", label);
        for (const char *at = body; *at; at += strnlen(at, LINE))
                fprintf(f, "%.*s\n", LINE, at);
        fprintf(f, "-----END %s-----\n", label);
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

/* The signature is a string of bits; one that leaves bits of its last byte out is another encoding of the
 * same signature where those bits are zero. */
static bool signature_has_whole_bytes(const X509 *certificate) {
        const ASN1_BIT_STRING *signature;

        X509_get0_signature(&signature, NULL, certificate);
        return (signature->flags & ASN1_STRING_FLAG_BITS_LEFT) == 0 || (signature->flags & 7) == 0;
}

/* OpenSSL reads BER; a certificate has one encoding, so that its fingerprint cannot vary. */
static bool is_der(const X509 *certificate, const uint8_t *bytes, size_t n) {
        _cleanup_(freep) uint8_t *again = NULL;
        size_t size;

        return certificate_format(certificate, &again, &size) >= 0 && size == n &&
                memcmp(again, bytes, n) == 0 && signature_has_whole_bytes(certificate);
}

int certificate_parse(const void *bytes, size_t n, const char *what, X509 **ret, struct diag *d) {
        return certificate_parse_in(NULL, bytes, n, what, ret, d);
}

int certificate_parse_in(OSSL_LIB_CTX *context, const void *bytes, size_t n, const char *what, X509 **ret,
        struct diag *d) {
        const uint8_t *at = bytes;
        X509 *certificate, *room;

        if (n > CERTIFICATE_MAX)
                return diag_fail(d, -EBADMSG, "%s: a certificate of %zu bytes", what, n);
        room = X509_new_ex(context, NULL);
        if (!room)
                return -ENOMEM;
        certificate = d2i_X509(&room, &at, (long)n); /* takes room over, also on failure */
        ERR_clear_error();
        if (!certificate || !is_der(certificate, bytes, n)) {
                bool followed = certificate && at != (const uint8_t *)bytes + n;

                X509_free(certificate);
                return diag_fail(d, -EBADMSG, "%s: not a certificate%s", what,
                        followed ? ": bytes follow it" : "");
        }
        *ret = certificate;
        return 0;
}

int certificate_format(const X509 *certificate, uint8_t **ret, size_t *ret_size) {
        int n = i2d_X509(certificate, NULL);
        uint8_t *der = n < 0 ? NULL : malloc((size_t)n), *at = der;

        if (!der)
                return -ENOMEM;
        (void)i2d_X509(certificate, &at);
        *ret = der;
        *ret_size = (size_t)n;
        return 0;
}

int64_t certificate_time(const ASN1_TIME *t) {
        struct tm tm = {};
        int64_t seconds = ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : -1;

        ERR_clear_error();
        return seconds;
}
