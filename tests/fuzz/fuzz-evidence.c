/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evidence of any form, judged by a verifier that knows nothing of who made it: never authentic, never a
 * crash. */
#include <stdlib.h>
#include <string.h>

#include "lib/verify/verification-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct verifier_settings settings = {
                .at = 1780272000,
                .waived = WAIVE_MEASUREMENT | WAIVE_NONCE | WAIVE_BIND | WAIVE_AK,
        };
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        _cleanup_(verifier_freep) struct verifier *verifier = NULL;
        _cleanup_(json_text_done) struct json_text text = {};
        struct diag d = {};

        if (!v || verifier_new(&settings, &verifier) < 0)
                abort();
        if (verifier_run(verifier, data, size, v, &d) < 0)
                return 0;
        if (checks_acceptable(&v->checks))
                abort();
        verification_json(v, 0, &text);
        verification_done(v);
        return 0;
}
