/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Base64 (RFC 4648), strictly: no white space, no foreign characters, padding exactly as the alphabet
 * demands, and the unused bits of the last character zero, so that each run of bytes has one text.
 */
#include <stddef.h>
#include <stdint.h>

enum base64_alphabet {
        BASE64_STANDARD = 1, /* + and /, padded */
        BASE64_URL,          /* - and _, not padded */
        BASE64_EITHER,       /* reading: one of the two throughout, padded or not */
        _BASE64_ALPHABET_MAX,
};

/* The caller frees *ret, which ends with a NUL. alphabet is not BASE64_EITHER. -ENOMEM. */
int base64_format(const void *bytes, size_t n, enum base64_alphabet alphabet, char **ret);

/*
 * The caller frees *ret (not NULL, also for no bytes), which carries a NUL behind its *ret_size bytes.
 * -EBADMSG for what is not canonical, -EMSGSIZE for more than max bytes, -ENOMEM.
 */
int base64_parse(const char *text, size_t n_text, enum base64_alphabet alphabet, size_t max, uint8_t **ret,
        size_t *ret_size);
