/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in the index of the AK certificate; and a note of the guest input. */
#include <stdlib.h>

#include "lib/evidence/ak.h"
#include "lib/evidence/guest-input-note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        struct guest_input_note note;
        struct span certificate;
        struct diag d;

        if (ak_certificate_trim(data, n, &certificate, &d) >= 0 && certificate.bytes &&
                (certificate.bytes != data || certificate.n > n))
                abort();
        (void)guest_input_note_parse(data, n, &note, &d);
        return 0;
}
