/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bundle of evidence: a collection of records by name (lib/format/cmw.h, lib/format/bundle-record.h). */
#include "lib/base/diag.h"
#include "lib/format/bundle-record.h"
#include "lib/format/span.h"

struct bundle {
        struct span records[_BUNDLE_RECORD_MAX]; /* those without bytes are not there */
};

/*
 * The caller frees *ret, one line with its end, of *ret_size bytes. -EFBIG when it is more than a bundle can
 * be (CMW_MAX); -ENOMEM.
 */
int bundle_format(const struct bundle *b, char **ret, size_t *ret_size, struct diag *d);
