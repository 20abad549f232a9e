/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/az-quote.h"

#include <errno.h>

#define VALUE_SIZE 32

static struct span take_sized(struct cursor *c) {
        uint64_t n;

        n = cursor_le64(c);
        if (n > c->left)
                c->bad = true;
        return span_take(c, c->bad ? 0 : (size_t)n);
}

int az_quote_parse(const void *bytes, size_t n, struct az_quote *ret, struct diag *d) {
        struct az_quote q = { .pcrs = { .hash = PCR_SHA256, .selected = PCR_ALL } };
        struct cursor c = cursor_over(bytes, n);
        uint64_t n_pcrs;

        q.signature = take_sized(&c);
        q.message = take_sized(&c);
        n_pcrs = cursor_le64(&c);
        if (!c.bad && n_pcrs != PCR_COUNT)
                return diag_fail(d, -EBADMSG, "az-quote: %llu registers, not %d", (unsigned long long)n_pcrs,
                        PCR_COUNT);
        for (unsigned i = 0; i < PCR_COUNT; i++)
                span_copy(&c, q.pcrs.values[i], VALUE_SIZE);
        if (!cursor_finish(&c) || q.signature.n == 0 || q.message.n == 0)
                return diag_fail(d, -EBADMSG, "az-quote: bytes are missing or left over, of %zu", n);
        *ret = q;
        return 0;
}

bool az_quote_is(const void *bytes, size_t n) {
        struct az_quote q;

        return az_quote_parse(bytes, n, &q, NULL) == 0;
}
