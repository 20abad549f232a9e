/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 for our own purposes; what foreign formats hash with is in lib/format. */
#include "lib/base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/hex.h"

static const char prefix[] = "sha256:";

int digest_sha256(const void *bytes, size_t n, struct digest *ret) {
        struct digest d;

        if (EVP_Digest(bytes, n, d.bytes, NULL, EVP_sha256(), NULL) != 1)
                return -EIO;
        *ret = d;
        return 0;
}

void digest_format(const struct digest *d, char ret[DIGEST_TEXT_SIZE]) {
        hex_format(d->bytes, sizeof(d->bytes), stpcpy(ret, prefix));
}

int digest_parse(const char *text, struct digest *ret) {
        struct digest d;
        size_t n;

        if (strnlen(text, DIGEST_TEXT_SIZE) != DIGEST_TEXT_SIZE - 1 ||
                strncmp(text, prefix, strlen(prefix)) != 0)
                return -EBADMSG;
        if (hex_parse(text + strlen(prefix), 2 * sizeof(d.bytes), d.bytes, sizeof(d.bytes), &n) < 0)
                return -EBADMSG;
        *ret = d;
        return 0;
}
