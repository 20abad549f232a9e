/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fetch/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/number.h"

#define CONNECT_TIMEOUT_MSEC 2000
#define SLOW_BYTES 16  /* a second: an answer that comes more slowly than this ... */
#define SLOW_SECONDS 3 /* ... for so long is none */
#define HEADERS_MAX 16384
#define SCHEME "http://"

struct http_client {
        sd_event *event;
        CURLM *multi;
        sd_event_source *timer;
        char *url;
        struct sockaddr_in peer;
        uint64_t timeout_msec;
};

struct http_request {
        struct http_client *client;
        CURL *easy;
        struct curl_slist *headers;
        char *body;
        size_t n, max, n_headers;
        bool too_large;
        char error[CURL_ERROR_SIZE];
        http_done done;
        void *data;
};

void http_request_free(struct http_request *r) {
        if (!r)
                return;
        if (r->easy) {
                (void)curl_multi_remove_handle(r->client->multi, r->easy);
                curl_easy_cleanup(r->easy);
        }
        curl_slist_free_all(r->headers);
        free(r->body);
        free(r);
}
DEFINE_FREEP(struct http_request, http_request_free)

/* What became of a request that curl is done with, by its words and those of HTTP. */
static int judge(const struct http_request *q, CURLcode code, struct diag *d) {
        long status = 0;

        (void)curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return diag_fail(d, -ETIMEDOUT, "no answer in time: %s", q->error);
        if (q->too_large || code == CURLE_FILESIZE_EXCEEDED)
                return diag_fail(d, -EREMOTEIO, "the answer has more than %zu bytes", q->max);
        if (code != CURLE_OK)
                return diag_fail(d, -EREMOTEIO, "%s", q->error[0] ? q->error : curl_easy_strerror(code));
        if (status == 200)
                return 0;
        if (status >= 300 && status < 400)
                return diag_fail(d, -EREMOTEIO,
                        "answered with a redirect (HTTP status %ld), which is not followed", status);
        return diag_fail(d, status == 429 || status >= 500 ? -EAGAIN : -EREMOTEIO, "HTTP status %ld",
                status);
}

static void finish(CURL *easy, CURLcode code) {
        _cleanup_(http_request_freep) struct http_request *q = NULL;
        struct http_answer answer;
        struct diag d = {};
        int r;

        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&q);
        r = judge(q, code, &d);
        if (r < 0)
                (void)diag_wrap(&d, r, "%s", q->client->url);
        answer = (struct http_answer){ .body = q->body ?: "", .n = q->n };
        q->done(r, r < 0 ? NULL : &answer, &d, q->data);
}

/* What curl has finished meanwhile; it may not be told to go on from within its own callbacks. */
static void drain(struct http_client *c) {
        const CURLMsg *m;
        int left;

        while ((m = curl_multi_info_read(c->multi, &left)))
                if (m->msg == CURLMSG_DONE)
                        finish(m->easy_handle, m->data.result);
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct http_client *c = userdata;
        int running,
                events = (revents & EPOLLIN ? CURL_CSELECT_IN : 0) |
                (revents & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (revents & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        (void)curl_multi_socket_action(c->multi, fd, events, &running);
        drain(c);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct http_client *c = userdata;
        int running;

        (void)curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        drain(c);
        return 0;
}

/* curl wants to know of a socket. It closes one only after it no longer wants that. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *watched) {
        uint32_t events = (what != CURL_POLL_OUT ? EPOLLIN : 0) | (what != CURL_POLL_IN ? EPOLLOUT : 0);
        struct http_client *c = data;
        sd_event_source *source = watched;

        if (what == CURL_POLL_REMOVE) {
                sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
        if (sd_event_add_io(c->event, &source, fd, events, on_socket, c) < 0)
                return -1;
        (void)curl_multi_assign(c->multi, fd, source);
        return 0;
}

static int watch_time(CURLM *multi, long msec, void *data) {
        struct http_client *c = data;

        if (msec < 0)
                return sd_event_source_set_enabled(c->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(c->timer, (uint64_t)msec * 1000) < 0)
                return -1;
        return sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* Whatever curl may think it has to connect to. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
        const struct http_client *c = data;
        const struct sockaddr_in *to = (const struct sockaddr_in *)&address->addr;
        int fd;

        if (purpose != CURLSOCKTYPE_IPCXN || address->family != AF_INET || address->addrlen < sizeof(*to) ||
                to->sin_addr.s_addr != c->peer.sin_addr.s_addr || to->sin_port != c->peer.sin_port)
                return CURL_SOCKET_BAD;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *data) {
        struct http_request *q = data;
        char *bigger;

        if (n > q->max - q->n) {
                q->too_large = true;
                return 0; /* ends the request */
        }
        bigger = realloc(q->body, q->n + n + 1);
        if (!bigger)
                return 0;
        memcpy(bigger + q->n, bytes, n);
        bigger[q->n + n] = '\0';
        q->body = bigger;
        q->n += n;
        return n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *data) {
        struct http_request *q = data;

        q->n_headers += n;
        return q->n_headers > HEADERS_MAX ? 0 : n;
}

/* ADDRESS or ADDRESS:PORT, of the range that never leaves the link. */
static int parse_peer(const char *text, struct sockaddr_in *ret) {
        _cleanup_(freep) char *address = strdup(text);
        char *colon = address ? strchr(address, ':') : NULL;
        uint64_t port = 80;
        uint32_t host;

        if (!address)
                return -ENOMEM;
        if (colon)
                *colon = '\0';
        if (colon && (number_parse(colon + 1, 10, UINT16_MAX, &port) < 0 || port == 0))
                return -EINVAL;
        *ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        if (inet_pton(AF_INET, address, &ret->sin_addr) != 1)
                return -EINVAL;
        host = ntohl(ret->sin_addr.s_addr);
        return host >> 16 == 0xa9fe || host >> 24 == 0x7f ? 0 : -EINVAL; /* 169.254/16, 127/8 */
}

int http_client_new(sd_event *event, const char *url, uint64_t timeout_msec, struct http_client **ret,
        struct diag *d) {
        _cleanup_(http_client_freep) struct http_client *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return diag_errno(d, -ENOMEM, "HTTP");
        *c = (struct http_client){
                .event = sd_event_ref(event),
                .multi = curl_multi_init(),
                .url = strdup(url),
                .timeout_msec = timeout_msec,
        };
        if (!c->multi || !c->url)
                return diag_errno(d, -ENOMEM, "HTTP");
        r = strncmp(url, SCHEME, strlen(SCHEME)) == 0 ? parse_peer(url + strlen(SCHEME), &c->peer) : -EINVAL;
        if (r < 0)
                return diag_fail(d, r,
                        "%s: http:// with a link-local IPv4 address, and a port at most, as in "
                        "http://169.254.169.254",
                        url);
        r = sd_event_add_time_relative(event, &c->timer, CLOCK_MONOTONIC, UINT64_MAX / 2, 0, on_timer, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        if (r < 0)
                return diag_errno(d, r, "event loop");
        if (curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
                curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) != CURLM_OK ||
                curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, watch_time) != CURLM_OK ||
                curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) != CURLM_OK)
                return diag_errno(d, -ENOMEM, "HTTP");
        *ret = TAKE(c);
        return 0;
}

void http_client_free(struct http_client *c) {
        if (!c)
                return;
        if (c->multi)
                (void)curl_multi_cleanup(c->multi);
        sd_event_source_disable_unref(c->timer);
        sd_event_unref(c->event);
        free(c->url);
        free(c);
}

static bool set_text(CURL *easy, CURLoption option, const char *text) {
        return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

static bool set_number(CURL *easy, CURLoption option, long number) {
        return curl_easy_setopt(easy, option, number) == CURLE_OK;
}

/* Where it may go, and nothing from the environment. */
static bool confine(struct http_request *q) {
        CURL *e = q->easy;

        return set_text(e, CURLOPT_PROTOCOLS_STR, "http") &&
                set_text(e, CURLOPT_REDIR_PROTOCOLS_STR, "http") && set_text(e, CURLOPT_PROXY, "") &&
                set_text(e, CURLOPT_NOPROXY, "*") && set_number(e, CURLOPT_FOLLOWLOCATION, 0) &&
                set_number(e, CURLOPT_NETRC, CURL_NETRC_IGNORED) && set_number(e, CURLOPT_NOSIGNAL, 1) &&
                set_number(e, CURLOPT_HTTP09_ALLOWED, 0) &&
                set_number(e, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4) &&
                set_number(e, CURLOPT_FORBID_REUSE, 1) && set_number(e, CURLOPT_FRESH_CONNECT, 1) &&
                curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, q->client) == CURLE_OK;
}

static bool bound(struct http_request *q) {
        CURL *e = q->easy;
        long timeout = (long)q->client->timeout_msec;

        return set_number(e, CURLOPT_TIMEOUT_MS, timeout) &&
                set_number(e, CURLOPT_CONNECTTIMEOUT_MS,
                        timeout < CONNECT_TIMEOUT_MSEC ? timeout : CONNECT_TIMEOUT_MSEC) &&
                set_number(e, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES) &&
                set_number(e, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS) &&
                curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->max) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_WRITEDATA, q) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_HEADERDATA, q) == CURLE_OK;
}

static bool add_header(struct http_request *q, const char *line) {
        struct curl_slist *longer = curl_slist_append(q->headers, line);

        if (longer)
                q->headers = longer;
        return longer;
}

static bool address(struct http_request *q, const char *path, const char *json) {
        _cleanup_(freep) char *url = NULL;
        CURL *e = q->easy;

        return asprintf(&url, "%s%s", q->client->url, path) >= 0 && set_text(e, CURLOPT_URL, url) &&
                add_header(q, "Metadata: true") &&
                (!json || (add_header(q, "Content-Type: application/json") && add_header(q, "Expect:"))) &&
                (!json || set_text(e, CURLOPT_COPYPOSTFIELDS, json)) &&
                curl_easy_setopt(e, CURLOPT_HTTPHEADER, q->headers) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_ERRORBUFFER, q->error) == CURLE_OK &&
                curl_easy_setopt(e, CURLOPT_PRIVATE, q) == CURLE_OK;
}

int http_request_new(struct http_client *c, const char *path, const char *json, size_t max, http_done done,
        void *data, struct http_request **ret, struct diag *d) {
        _cleanup_(http_request_freep) struct http_request *q = calloc(1, sizeof(*q));

        if (!q)
                return diag_errno(d, -ENOMEM, "HTTP");
        *q = (struct http_request){ .client = c, .max = max, .done = done, .data = data };
        q->easy = curl_easy_init();
        if (!q->easy)
                return diag_errno(d, -ENOMEM, "HTTP");
        if (!confine(q) || !bound(q) || !address(q, path, json))
                return diag_fail(d, -EOPNOTSUPP, "libcurl refuses an option, or memory ran out");
        if (curl_multi_add_handle(c->multi, q->easy) != CURLM_OK)
                return diag_errno(d, -ENOMEM, "HTTP");
        *ret = TAKE(q);
        return 0;
}
