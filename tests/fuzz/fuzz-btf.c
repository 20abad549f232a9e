/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Type information, read as a kernel's and as a module's that stands on itself. */
#include "lib/facts/channel-layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
        _cleanup_(btf_freep) struct btf *kernel = NULL, *module = NULL;
        struct channel_layout l;

        if (btf_parse(bytes, n, NULL, &kernel, NULL) < 0)
                return 0;
        (void)channel_layout_eval(kernel, &l, NULL);
        if (btf_parse(bytes, n, kernel, &module, NULL) == 0)
                (void)channel_layout_eval(module, &l, NULL);
        return 0;
}
