/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests to the metadata service of the host, and to nobody else: an IPv4 address of the link-local range
 * (RFC 3927), or of loopback in tests, which every socket is held against; http alone; no name is resolved,
 * no proxy asked, no redirect followed, no cookie or password sent, no compressed answer unpacked.
 *
 * By curl's multi interface on the event loop: nothing blocks, so that the bus is served, a second request
 * is made and SIGTERM is heeded while the host takes its time.
 */
#include <systemd/sd-event.h>

#include "lib/base/diag.h"

struct http_client;
struct http_request;

struct http_answer {
        const char *body; /* borrowed for the time of the call; a NUL behind its n bytes */
        size_t n;
};

/*
 * Called once, unless the request is freed before. r is 0, or
 *   -ETIMEDOUT  no answer, or none that was complete, in time
 *   -EAGAIN     the service says that it cannot now (429, 5xx): asking again may help
 *   -EREMOTEIO  all else: no connection, another status (a redirect among it), more than max bytes
 * and d says it in words. The request is freed after that.
 */
typedef void (*http_done)(int r, const struct http_answer *answer, const struct diag *d, void *data);

/*
 * url: "http://ADDRESS" or "http://ADDRESS:PORT", no more; -EINVAL for any other. timeout_msec is for one
 * request as a whole. curl_global_init() is the caller's.
 */
int http_client_new(sd_event *event, const char *url, uint64_t timeout_msec, struct http_client **ret,
        struct diag *d);

/* After the last of its requests. */
void http_client_free(struct http_client *c);
DEFINE_FREEP(struct http_client, http_client_free)

/* path starts with a slash. json: the body of a POST, which is copied; NULL: a GET. done is not called from
 * within. *ret is for freeing alone. */
int http_request_new(struct http_client *c, const char *path, const char *json, size_t max, http_done done,
        void *data, struct http_request **ret, struct diag *d);

/* Gives it up, if it is still under way. */
void http_request_free(struct http_request *r);
