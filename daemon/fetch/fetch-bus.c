/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fetch/fetch-bus.h"

#include <errno.h>
#include <string.h>

#include "daemon/helper-answer.h"
#include "daemon/log.h"
#include "lib/base/sealed.h"
#include "lib/evidence/td-quote-answer.h"

#define QUOTE_PATH "/acc/tdquote"
#define QUOTES_MAX 32 /* under way at once */

/* One TdQuote, from the question to its answer. */
struct quote_call {
        struct fetch_service *service;
        sd_bus_message *call;
        struct http_request *request;
        uint8_t report[TDX_REPORT_SIZE];
        struct quote_call *next;
};

static void quote_call_free(struct quote_call *q) {
        if (!q)
                return;
        http_request_free(q->request);
        sd_bus_message_unref(q->call);
        free(q);
}
DEFINE_FREEP(struct quote_call, quote_call_free)

static int fill_endorsements(sd_bus_message *reply, const struct cached_endorsements *found, bool cached) {
        _cleanup_(freep) char *chain = NULL;
        _cleanup_(freep) uint8_t *vek = NULL;
        size_t n_vek;
        int r = certificate_list_format(&found->endorsements.chain, &chain);

        if (r >= 0)
                r = certificate_format(found->endorsements.chain.list[0], &vek, &n_vek);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = helper_append_sealed(reply, "snp-vek-chain", chain, strlen(chain));
        if (r >= 0)
                r = helper_append_sealed(reply, "vek", vek, n_vek);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}", "expires", "t", found->expires, "cached", "b",
                        cached);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void on_endorsements(const struct endorsement_answer *answer, void *data) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = data, *reply = NULL;
        int r;

        if (answer->r < 0) {
                helper_answer_error(call, ERRORS_FETCH, answer->r, answer->diag);
                return;
        }
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = fill_endorsements(reply, answer->found, answer->cached);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r < 0)
                helper_answer_error(call, ERRORS_ANY, r, &(struct diag){});
}

static void forget_call(void *data) {
        sd_bus_message_unref(data);
}

static int read_endorsed(sd_bus_message *m, struct endorsed *ret, struct diag *d) {
        struct endorsed e = {};
        const void *chip_id;
        const char *product;
        size_t n;
        int r = sd_bus_message_read_array(m, 'y', &chip_id, &n);

        if (r >= 0)
                r = sd_bus_message_read(m, "ts", &e.tcb, &product);
        if (r < 0)
                return diag_errno(d, r, "arguments");
        if (n != sizeof(e.chip_id))
                return diag_fail(d, -EINVAL, "a chip id has %zu bytes, not %zu", sizeof(e.chip_id), n);
        memcpy(e.chip_id, chip_id, n);
        for (unsigned p = SNP_MILAN; p < _SNP_PRODUCT_MAX; p++)
                if (strcmp(product, snp_product_to_string((enum snp_product)p)) == 0)
                        e.product = (enum snp_product)p;
        if (product[0] != '\0' && !e.product)
                return diag_fail(d, -EINVAL,
                        "no such product: Milan, Genoa, Turin, or nothing where it is not known");
        *ret = e;
        return 0;
}

static int method_endorsements(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const struct fetch_service *s = userdata;
        struct endorsed wanted;
        struct diag d = {};
        int r = helper_server_admit(m, error);

        if (r < 0)
                return r;
        r = read_endorsed(m, &wanted, &d);
        if (r < 0)
                return error_set_in(error, ERRORS_FETCH, r, &d);
        r = endorsement_fetcher_get(s->endorsements, &wanted, on_endorsements, forget_call,
                sd_bus_message_ref(m), &d);
        if (r < 0) {
                sd_bus_message_unref(m); /* on_endorsements() has not */
                return error_set_in(error, ERRORS_FETCH, r, &d);
        }
        return 1;
}

static int answer_quote(struct quote_call *q, const struct http_answer *answer, struct diag *d) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(freep) uint8_t *quote = NULL;
        struct tdx_report report;
        size_t n;
        int r = tdx_report_parse(q->report, sizeof(q->report), &report, d);

        if (r >= 0)
                r = td_quote_answer_parse(answer->body, answer->n, &report, &quote, &n, d);
        if (r >= 0)
                r = sd_bus_message_new_method_return(q->call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = helper_append_sealed(reply, "td-quote", quote, n);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void unlink_quote(struct quote_call *q) {
        for (struct quote_call **at = &q->service->quotes; *at; at = &(*at)->next)
                if (*at == q) {
                        *at = q->next;
                        q->service->n_quotes--;
                        return;
                }
}

static void on_quote(int r, const struct http_answer *answer, const struct diag *said, void *data) {
        _cleanup_(quote_call_freep) struct quote_call *q = data;
        struct diag d = *said;

        q->request = NULL; /* which frees itself */
        unlink_quote(q);
        if (r >= 0)
                r = answer_quote(q, answer, &d);
        if (r < 0) {
                log_warning("no quote: %s", d.text[0] ? d.text : errno_text(r));
                helper_answer_error(q->call, ERRORS_FETCH_QUOTE, r == -EAGAIN ? -EREMOTEIO : r, &d);
        }
        helper_server_release(q->service->server);
}

static int read_report(sd_bus_message *m, uint8_t ret[TDX_REPORT_SIZE], struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        struct tdx_report report;
        size_t n;
        int r, fd; /* the message's */

        r = sd_bus_message_read(m, "h", &fd);
        if (r < 0)
                return diag_errno(d, r, "arguments");
        r = sealed_read(fd, "the TDREPORT", TDX_REPORT_SIZE, &bytes, &n, d);
        if (r >= 0)
                r = tdx_report_parse(bytes, n, &report, d);
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL; /* the caller's mistake, not the host's */
        memcpy(ret, bytes, TDX_REPORT_SIZE);
        return 0;
}

static int start_quote(struct fetch_service *s, sd_bus_message *m, struct diag *d) {
        _cleanup_(quote_call_freep) struct quote_call *q = NULL;
        _cleanup_(freep) char *question = NULL;
        int r;

        if (s->n_quotes == QUOTES_MAX)
                return diag_fail(d, -EBUSY, "%d quotes are being fetched already", QUOTES_MAX);
        q = calloc(1, sizeof(*q));
        if (!q)
                return diag_errno(d, -ENOMEM, "quote");
        *q = (struct quote_call){ .service = s, .call = sd_bus_message_ref(m) };
        r = read_report(m, q->report, d);
        if (r >= 0)
                r = td_quote_request_format(q->report, &question);
        if (r >= 0)
                r = http_request_new(s->http, QUOTE_PATH, question, TD_QUOTE_ANSWER_MAX, on_quote, q,
                        &q->request, d);
        if (r < 0)
                return r;
        helper_server_hold(s->server);
        q->next = s->quotes;
        s->quotes = TAKE(q);
        s->n_quotes++;
        return 0;
}

static int method_td_quote(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct diag d = {};
        int r = helper_server_admit(m, error);

        if (r < 0)
                return r;
        r = start_quote(userdata, m, &d);
        return r < 0 ? error_set_in(error, ERRORS_FETCH_QUOTE, r, &d) : 1;
}

void fetch_service_done(struct fetch_service *s) {
        while (s->quotes) {
                struct quote_call *q = s->quotes;

                s->quotes = q->next;
                quote_call_free(q);
        }
}

const sd_bus_vtable fetch_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Endorsements", SD_BUS_ARGS("ay", chip_id, "t", reported_tcb, "s", product),
                SD_BUS_RESULT("a{sv}", endorsements), method_endorsements, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TdQuote", SD_BUS_ARGS("h", td_report), SD_BUS_RESULT("a{sv}", quote),
                method_td_quote, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
