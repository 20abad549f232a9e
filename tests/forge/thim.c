/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/forge/thim.h"

#include <inttypes.h>

/* PEM has nothing to be escaped but the ends of its lines. */
static void put_text(struct forge_bytes *b, const struct forge_bytes *text) {
        forge_text(b, "\"");
        for (size_t i = 0; i < text->n; i++)
                if (text->bytes[i] == '\n')
                        forge_text(b, "\\n");
                else
                        forge_put(b, &text->bytes[i], 1);
        forge_text(b, "\"");
}

struct forge_bytes forge_thim(const struct forge_pki *p, enum snp_product product, X509 *vek, uint64_t tcbm,
        const struct forge_bytes *chain, const char *cache_control) {
        struct forge_bytes leaf = {}, own = {}, answer = {};

        forge_put_pem(&leaf, vek);
        if (!chain)
                own = forge_vek_chain(p, product, false, NULL);
        forge_text(&answer, "{\"vcekCert\":");
        put_text(&answer, &leaf);
        forge_text(&answer, ",\"tcbm\":\"%016" PRIX64 "\",\"certificateChain\":", tcbm);
        put_text(&answer, chain ? chain : &own);
        forge_text(&answer, ",\"cacheControl\":%s}", cache_control);
        forge_bytes_done(&leaf);
        forge_bytes_done(&own);
        return answer;
}

struct forge_bytes forge_td_quote_answer(const struct forge_bytes *quote) {
        struct forge_bytes answer = {};

        forge_text(&answer, "{\"quote\":\"");
        forge_base64url(&answer, quote->bytes, quote->n);
        forge_text(&answer, "\"}");
        return answer;
}
