/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a TDREPORT to a quote that others can verify, as Azure's host does it: POST /acc/tdquote with
 * {"report": base64url} is answered by {"quote": base64url}. Source: Azure's azure-cvm-tooling,
 * az-cvm-vtpm/az-tdx-vtpm/src/imds.rs.
 */
#include "lib/base/diag.h"
#include "lib/format/tdx-quote.h"

#define TD_QUOTE_ANSWER_MAX (TDX_QUOTE_MAX / 3 * 4 + 1024)

/* What to ask with, for a report of TDX_REPORT_SIZE bytes. The caller frees *ret. */
int td_quote_request_format(const uint8_t report[TDX_REPORT_SIZE], char **ret);

/*
 * The caller frees *ret. -EBADMSG for what is no such answer or no quote; either alphabet of base64 is
 * taken. -ESTALE when the quote is not about this report: other report data, measurements or attributes.
 * Whether it is genuine, whoever verifies the evidence decides.
 */
int td_quote_answer_parse(const char *text, size_t n, const struct tdx_report *report, uint8_t **ret,
        size_t *ret_size, struct diag *d);
