/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/imds.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/base64.h"
#include "lib/base/json-scan.h"
#include "tests/paravisor/listen.h"

#define REQUEST_MAX 16384
#define HUGE_BODY (UINT64_C(1) << 30)
#define DRIP_USEC 50000

struct imds {
        sd_event *event;
        struct vtpm *vtpm;
        int fd;
        uint16_t port;
        sd_event_source *source;
        struct visitor *visitors;
};

struct visitor {
        struct imds *imds;
        struct visitor *next;
        int fd;
        sd_event_source *source, *timer;
        char in[REQUEST_MAX + 1]; /* ends with a NUL */
        size_t n_in;
        bool answered, stays; /* stays: until the visitor goes */
        struct forge_bytes out;
        size_t sent;
        uint64_t filler; /* bytes of no meaning, behind what is in out */
};

static void visitor_free(struct visitor *v) {
        for (struct visitor **at = &v->imds->visitors; *at; at = &(*at)->next)
                if (*at == v) {
                        *at = v->next;
                        break;
                }
        sd_event_source_disable_unref(v->source);
        sd_event_source_disable_unref(v->timer);
        closep(&v->fd);
        forge_bytes_done(&v->out);
        free(v);
}

static void put_head(struct visitor *v, const char *status, const char *type, size_t n) {
        forge_text(&v->out,
                "HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                status, type, n);
}

static void put_text(struct visitor *v, const char *status, const char *type, const char *text) {
        put_head(v, status, type, strlen(text));
        forge_text(&v->out, "%s", text);
}

static void put_json(struct visitor *v, const struct forge_bytes *json) {
        put_head(v, "200 OK", "application/json; charset=utf-8", json->n);
        forge_put(&v->out, json->bytes, json->n);
}

/* The TDREPORT in a request for a quote. -EBADMSG. */
static int parse_quote_request(const char *body, uint8_t **ret, size_t *ret_size) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        const struct json_node *report;
        int r;

        r = json_scan(body, strlen(body), &document);
        if (r < 0)
                return r;
        if (document->problems || !document->root || document->root->kind != JSON_OBJECT)
                return -EBADMSG;
        report = json_member(document->root, "report");
        if (!report || report->kind != JSON_STRING)
                return -EBADMSG;
        return base64_parse(report->string, strlen(report->string), BASE64_EITHER, REQUEST_MAX, ret,
                ret_size);
}

static void put_td_quote(struct visitor *v, const char *body) {
        _cleanup_(freep) uint8_t *report = NULL;
        _cleanup_(forge_bytes_done) struct forge_bytes quote = {}, json = {};
        size_t n;

        if (parse_quote_request(body, &report, &n) < 0 ||
                machine_td_quote(v->imds->vtpm->machine, report, n, &quote, NULL) < 0) {
                put_text(v, "400 Bad Request", "application/json", "{\"error\":\"Bad request\"}");
                return;
        }
        forge_text(&json, "{\"quote\":\"");
        forge_base64url(&json, quote.bytes, quote.n);
        forge_text(&json, "\"}");
        put_json(v, &json);
}

static void put_good(struct visitor *v, const char *body, enum http_flaw flaw) {
        _cleanup_(forge_bytes_done) struct forge_bytes json = {};

        if (strncmp(v->in, "POST /acc/tdquote ", 18) == 0) {
                put_td_quote(v, body);
        } else if (strncmp(v->in, "GET /metadata/THIM/amd/certification ", 37) == 0) {
                json = machine_thim(v->imds->vtpm->machine, flaw);
                put_json(v, &json);
        } else if (strncmp(v->in, "GET /followed ", 14) == 0) {
                v->imds->vtpm->counters.followed++;
                json = machine_thim(v->imds->vtpm->machine, HTTP_GOOD);
                put_json(v, &json);
        } else {
                put_text(v, "404 Not Found", "text/plain", "Not Found\n");
        }
}

static int on_drip(sd_event_source *source, uint64_t usec, void *userdata) {
        struct visitor *v = userdata;

        if (send(v->fd, " ", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
                visitor_free(v);
                return 0;
        }
        sd_event_source_set_time_relative(source, DRIP_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void put_drip(struct visitor *v) {
        put_head(v, "200 OK", "application/json", 4096);
        v->stays = true;
        sd_event_add_time_relative(v->imds->event, &v->timer, CLOCK_MONOTONIC, DRIP_USEC, 0, on_drip, v);
}

/* What goes wrong this time; orders say how often. */
static enum http_flaw flaw_now(struct behaviour *b) {
        enum http_flaw flaw = b->http_times > 0 ? b->http : HTTP_GOOD;

        if (b->http_times > 0 && b->http_times != FOR_EVER)
                b->http_times--;
        return flaw;
}

static void answer(struct visitor *v, const char *body) {
        enum http_flaw flaw = flaw_now(&v->imds->vtpm->behaviour);

        v->imds->vtpm->counters.requests++;
        switch (flaw) {
        case HTTP_GOOD:
        case HTTP_GARBAGE:
        case HTTP_TCBM:
        case HTTP_CHIP:
                put_good(v, body, flaw);
                break;
        case HTTP_NOT_FOUND:
                put_text(v, "404 Not Found", "text/plain", "Not Found\n");
                break;
        case HTTP_HTML:
                put_text(v, "200 OK", "text/html",
                        "<!DOCTYPE html><title>Sign in</title><p>Please sign in.</p>\n");
                break;
        case HTTP_REDIRECT:
                forge_text(&v->out,
                        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/followed\r\nConnection: "
                        "close\r\n"
                        "Content-Length: 0\r\n\r\n",
                        v->imds->port);
                break;
        case HTTP_DRIP:
                put_drip(v);
                break;
        case HTTP_HUGE: /* does not say how much: who reads has to count */
                forge_text(&v->out,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
                v->filler = HUGE_BODY;
                break;
        case HTTP_SILENT:
                v->stays = true;
                break;
        case _HTTP_FLAW_MAX:
                break;
        }
}

/* The body, once the request is whole: NULL until then. */
static const char *whole_request(const struct visitor *v) {
        const char *end = strstr(v->in, "\r\n\r\n"), *length = strcasestr(v->in, "\r\nContent-Length:");
        size_t n = 0;

        if (!end)
                return NULL;
        end += 4;
        if (length && length < end)
                n = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
        return n <= v->n_in - (size_t)(end - v->in) ? end : NULL;
}

/* A request without this header could come from a web page. */
static bool has_metadata_header(const char *request) {
        return strcasestr(request, "\r\nMetadata: true\r\n") || strcasestr(request, "\r\nMetadata:true\r\n");
}

/* False when there is no visitor any more. */
static bool receive(struct visitor *v) {
        char rest[512];
        const char *body;
        ssize_t n;

        if (v->answered) /* nothing more is wanted, only that it is still there */
                n = read(v->fd, rest, sizeof(rest));
        else
                n = read(v->fd, v->in + v->n_in, REQUEST_MAX - v->n_in);
        if (n < 0 && errno == EAGAIN)
                return true;
        if (n <= 0) {
                visitor_free(v);
                return false;
        }
        if (v->answered)
                return true;
        v->n_in += (size_t)n;
        body = whole_request(v);
        if (!body)
                return true;
        v->answered = true;
        if (has_metadata_header(v->in))
                answer(v, body);
        else
                put_text(v, "400 Bad Request", "text/plain", "Required metadata header not specified\n");
        sd_event_source_set_io_events(v->source, EPOLLIN | EPOLLOUT);
        return true;
}

static void transmit(struct visitor *v) {
        static const char block[65536];
        ssize_t n = 0;

        if (v->sent < v->out.n)
                n = send(v->fd, v->out.bytes + v->sent, v->out.n - v->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        else if (v->filler > 0)
                n = send(v->fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
                visitor_free(v);
                return;
        }
        if (n > 0 && v->sent < v->out.n)
                v->sent += (size_t)n;
        else if (n > 0)
                v->filler -= v->filler < (uint64_t)n ? v->filler : (uint64_t)n;
        if (v->sent < v->out.n || v->filler > 0)
                return;
        if (v->stays)
                sd_event_source_set_io_events(v->source, EPOLLIN);
        else
                visitor_free(v);
}

static int on_visitor(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct visitor *v = userdata;

        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !receive(v))
                return 0;
        if (events & EPOLLOUT)
                transmit(v);
        return 0;
}

static int on_visit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct imds *i = userdata;
        struct visitor *v;
        int visitor = listen_accept(fd);

        if (visitor < 0)
                return 0;
        v = calloc(1, sizeof(*v));
        forge_check(v != NULL, "memory");
        v->imds = i;
        v->fd = visitor;
        v->next = i->visitors;
        i->visitors = v;
        return sd_event_add_io(i->event, &v->source, visitor, EPOLLIN, on_visitor, v);
}

int imds_new(sd_event *event, struct vtpm *vtpm, struct imds **ret, struct diag *d) {
        _cleanup_(imds_freep) struct imds *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return -ENOMEM;
        i->event = event;
        i->vtpm = vtpm;
        i->fd = -1;
        r = listen_loopback(&i->port, &i->fd, d);
        if (r >= 0)
                r = sd_event_add_io(event, &i->source, i->fd, EPOLLIN, on_visit, i);
        if (r < 0)
                return r;
        *ret = TAKE(i);
        return 0;
}

void imds_free(struct imds *i) {
        if (!i)
                return;
        while (i->visitors)
                visitor_free(i->visitors);
        sd_event_source_disable_unref(i->source);
        closep(&i->fd);
        free(i);
}

unsigned imds_port(const struct imds *i) {
        return i->port;
}
