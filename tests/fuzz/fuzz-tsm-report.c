/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a report by configfs-tsm: what is read is written as it was. */
#include <stdlib.h>
#include <string.h>

#include "lib/evidence/tsm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(tsm_report_done) struct tsm_report t = {}, again = {};
        _cleanup_(freep) char *text = NULL;

        if (tsm_report_parse(data, size, &t, NULL) < 0)
                return 0;
        if (t.n_inblob == 0 || t.n_inblob > TSM_INBLOB_MAX || t.n_outblob == 0)
                abort();
        if (tsm_report_format(&t, &text) < 0 || tsm_report_parse(text, strlen(text), &again, NULL) < 0 ||
                again.n_outblob != t.n_outblob || memcmp(again.outblob, t.outblob, t.n_outblob) != 0)
                abort();
        return 0;
}
