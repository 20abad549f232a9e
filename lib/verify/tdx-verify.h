/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Quotes of Intel TDX: whether Intel's quoting enclave signed them, on a platform that Intel certified. */
#include "lib/format/tdx-quote.h"
#include "lib/verify/anchors.h"
#include "lib/verify/check.h"

/* Notes every check there is of a quote by itself. -EBADMSG: its certificates are malformed. */
int tdx_verify(const struct tdx_quote *quote, const struct anchors *a, struct checks *c, struct diag *d);

/* A TDREPORT by itself, and beside the quote that was made of it (NULL: none). */
void tdx_report_verify(const struct tdx_report *report, const struct tdx_quote *quote,
        const struct anchors *a, struct checks *c);
