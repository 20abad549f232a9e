/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host answers, and what is kept of it in the cache: the first byte says which. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/evidence/endorsement-cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct endorsements *e) {
        struct endorsed wanted = { .tcb = e->tcb };

        if (e->chain.n != 3 || e->lifetime > ENDORSEMENTS_LIFETIME_MAX)
                abort();
        (void)endorsements_check(e, &wanted, 0, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
        _cleanup_(endorsements_done) struct endorsements e = {};
        const char *text = (const char *)data;

        if (size > 0 && *text == 'c') {
                if (endorsement_cache_parse(text, size, &c, NULL) < 0)
                        return 0;
                if (c.expires < c.fetched || c.expires > c.endorsements.not_after)
                        abort();
                use(&c.endorsements);
        } else if (endorsements_parse(text, size, &e, NULL) >= 0)
                use(&e);
        return 0;
}
