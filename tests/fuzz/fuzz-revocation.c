/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Revocation lists come as files, and are read before anybody's signature is looked at. */
#include <stddef.h>
#include <stdint.h>

#include "lib/verify/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(revocation_freep) struct revocation *r = NULL;

        if (revocation_new(&r) >= 0)
                (void)revocation_add(r, "fuzz", data, size, NULL);
        return 0;
}
