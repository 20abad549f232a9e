/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GUID text to bytes and back; strict, because a GUID decides which rule a device falls under. */
#include "lib/base/guid.h"

#include <errno.h>
#include <string.h>

#include "lib/base/number.h"

static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

int guid_parse(const char *text, struct guid *ret) {
        size_t length = strnlen(text, GUID_TEXT_SIZE + 2);
        struct guid g = {};
        size_t nibble = 0;

        if (length == GUID_TEXT_SIZE + 1 && text[0] == '{' && text[length - 1] == '}')
                text++;
        else if (length != GUID_TEXT_SIZE - 1)
                return -EBADMSG;

        for (size_t i = 0; i < GUID_TEXT_SIZE - 1; i++) {
                int v = hex_digit(text[i]);

                if (pattern[i] == '-') {
                        if (text[i] != '-')
                                return -EBADMSG;
                        continue;
                }
                if (v < 0)
                        return -EBADMSG;
                g.bytes[nibble / 2] = (uint8_t)(g.bytes[nibble / 2] << 4 | v);
                nibble++;
        }
        *ret = g;
        return 0;
}

void guid_format(const struct guid *g, char ret[GUID_TEXT_SIZE]) {
        static const char digits[] = "0123456789abcdef";
        size_t nibble = 0;

        for (size_t i = 0; i < GUID_TEXT_SIZE - 1; i++) {
                if (pattern[i] == '-') {
                        ret[i] = '-';
                        continue;
                }
                ret[i] = digits[g->bytes[nibble / 2] >> (nibble % 2 ? 0 : 4) & 0xf];
                nibble++;
        }
        ret[GUID_TEXT_SIZE - 1] = 0;
}

int guid_compare(const struct guid *a, const struct guid *b) {
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
