/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SHA-256, by OpenSSL, in the one textual form that cvmd uses. */
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define DIGEST_TEXT_SIZE 72 /* "sha256:", 64 hexadecimal digits, NUL */

struct digest {
        uint8_t bytes[SHA256_SIZE];
};

/* -EIO when OpenSSL fails. */
int digest_sha256(const void *bytes, size_t n, struct digest *ret);

void digest_format(const struct digest *d, char ret[DIGEST_TEXT_SIZE]);

/* Takes exactly what digest_format() writes; -EBADMSG otherwise. */
int digest_parse(const char *text, struct digest *ret);
