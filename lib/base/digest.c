/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place of lib/ that hashes. */
#include "lib/base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"

static const char prefix[] = "sha256:";

int digest_sha256(const void *bytes, size_t n, struct digest *ret) {
        struct digest d;

        if (EVP_Digest(bytes, n, d.bytes, NULL, EVP_sha256(), NULL) != 1)
                return -EIO;
        *ret = d;
        return 0;
}

void digest_format(const struct digest *d, char ret[DIGEST_TEXT_SIZE]) {
        char *out = stpcpy(ret, prefix);

        for (size_t i = 0; i < sizeof(d->bytes); i++)
                out += snprintf(out, 3, "%02x", d->bytes[i]);
}

int digest_parse(const char *text, struct digest *ret) {
        struct digest d;

        if (strnlen(text, DIGEST_TEXT_SIZE) != DIGEST_TEXT_SIZE - 1 ||
                strncmp(text, prefix, strlen(prefix)) != 0)
                return -EBADMSG;
        text += strlen(prefix);
        for (size_t i = 0; i < sizeof(d.bytes); i++) {
                int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EBADMSG;
                d.bytes[i] = (uint8_t)(high << 4 | low);
        }
        *ret = d;
        return 0;
}
