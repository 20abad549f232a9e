/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/span.h"

#include <string.h>

struct span span_take(struct cursor *c, size_t n) {
        const uint8_t *bytes = cursor_bytes(c, n);

        return bytes ? (struct span){ bytes, n } : (struct span){};
}

void span_copy(struct cursor *c, void *ret, size_t n) {
        const uint8_t *bytes = cursor_bytes(c, n);

        memset(ret, 0, n);
        if (bytes && n > 0)
                memcpy(ret, bytes, n);
}

bool span_is_zero(struct span s) {
        uint8_t any = 0;

        for (size_t i = 0; i < s.n; i++)
                any |= s.bytes[i];
        return any == 0;
}

bool span_skip_zero(struct cursor *c, size_t n) {
        struct span s = span_take(c, n);

        return !c->bad && span_is_zero(s);
}
