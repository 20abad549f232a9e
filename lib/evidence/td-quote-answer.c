/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/td-quote-answer.h"

#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json-record.h"

int td_quote_request_format(const uint8_t report[TDX_REPORT_SIZE], char **ret) {
        _cleanup_(freep) char *text = NULL;
        int r = base64_format(report, TDX_REPORT_SIZE, BASE64_URL, &text);

        if (r < 0)
                return r;
        return asprintf(ret, "{\"report\":\"%s\"}", text) < 0 ? -ENOMEM : 0;
}

static int decode_answer(const char *text, size_t n, uint8_t **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        const struct json_node *quote = NULL;
        int r = json_record_parse(text, n, "the answer", &document, d);

        if (r >= 0)
                r = json_record_member(document->root, "quote", JSON_STRING, &quote, d);
        if (r < 0)
                return r;
        r = base64_parse(quote->string, strlen(quote->string), BASE64_EITHER, TDX_QUOTE_MAX, ret, ret_size);
        if (r == -EMSGSIZE)
                return diag_fail(d, -EBADMSG, "the quote has more than %d bytes", TDX_QUOTE_MAX);
        return r < 0 ? diag_fail(d, r, "the quote is not in base64") : 0;
}

int td_quote_answer_parse(const char *text, size_t n, const struct tdx_report *report, uint8_t **ret,
        size_t *ret_size, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        struct tdx_quote quote;
        size_t size = 0;
        int r = decode_answer(text, n, &bytes, &size, d);

        if (r >= 0)
                r = tdx_quote_parse(bytes, size, &quote, d);
        if (r < 0)
                return r == -EOPNOTSUPP ? -EBADMSG : r;
        if (memcmp(quote.report_data, report->report_data, sizeof(quote.report_data)) != 0)
                return diag_fail(d, -ESTALE, "the quote holds other report data than the report");
        if (memcmp(&quote.td, &report->td, sizeof(quote.td)) != 0)
                return diag_fail(d, -ESTALE, "the quote is about another guest than the report");
        *ret = TAKE(bytes);
        *ret_size = size;
        return 0;
}
