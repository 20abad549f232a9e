/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/bundle.h"

#include <errno.h>
#include <string.h>

#include "lib/format/cmw.h"

int bundle_format(const struct bundle *b, char **ret, size_t *ret_size, struct diag *d) {
        struct cmw_record records[_BUNDLE_RECORD_MAX];
        _cleanup_(freep) char *text = NULL;
        size_t n = 0, size;
        int r;

        for (enum bundle_record i = 1; i < _BUNDLE_RECORD_MAX; i++)
                if (b->records[i].bytes)
                        records[n++] = (struct cmw_record){
                                .name = bundle_record_name(i),
                                .media_type = bundle_record_media_type(i),
                                .indicator = bundle_record_indicator(i),
                                .content = b->records[i],
                        };
        r = cmw_format(CMW_BUNDLE_TYPE, records, n, &text);
        if (r < 0)
                return diag_errno(d, r, "bundle");
        size = strlen(text);
        if (size >= CMW_MAX)
                return diag_fail(d, -EFBIG,
                        "a bundle of %zu bytes: at most %d can be read again; ask for fewer logs", size,
                        CMW_MAX);
        text[size] = '\n'; /* in place of the NUL: bytes from here on */
        *ret = TAKE(text);
        *ret_size = size + 1;
        return 0;
}
