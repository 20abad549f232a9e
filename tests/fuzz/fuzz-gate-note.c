/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The note of the gate is what an earlier cvmd left: what is taken is what would be written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/enforce/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(gate_note_done) struct gate_note note = {};
        _cleanup_(freep) char *again = NULL;
        size_t n;

        if (gate_note_parse((const char *)data, size, &note) < 0)
                return 0;
        if (gate_note_format(&note, &again, &n) < 0 || n != size || memcmp(again, data, n) != 0)
                abort();
        return 0;
}
