/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cvmd-fetch: the only part of cvmd that speaks to the network, and that reads what came from there; it can
 * neither act on devices nor reach the TPM. What it hands over is checked again by whoever relies on it.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/fetch/fetch-bus.h"
#include "daemon/fetch/options.h"
#include "daemon/log.h"
#include "lib/base/file.h"

#define EXIT_USAGE 2

static void hold_while_busy(bool begins, void *data) {
        const struct fetch_service *s = data;

        if (begins)
                helper_server_hold(s->server);
        else
                helper_server_release(s->server);
}

/* Without a cache all goes on, and says so. */
static int open_cache(const char *folder) {
        int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (folder && fd < 0)
                log_warning("%s: %s: endorsements are not kept", folder, errno_text(-errno));
        return fd;
}

static int run(const struct fetch_options *o, struct diag *d) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(http_client_freep) struct http_client *http = NULL;
        _cleanup_(closep) int cache = -1;
        _cleanup_(endorsement_fetcher_freep) struct endorsement_fetcher *endorsements = NULL;
        _cleanup_(fetch_service_done) struct fetch_service service = {};
        _cleanup_(helper_server_freep) struct helper_server *server = NULL;
        int r = sd_event_new(&event);

        if (r < 0)
                return diag_errno(d, r, "event loop");
        r = http_client_new(event, o->imds, o->timeout_msec, &http, d);
        if (r < 0)
                return r;
        cache = open_cache(o->cache);
        const struct endorsement_fetcher_options fetcher = {
                .event = event,
                .http = http,
                .cache = cache,
                .retry_delay_usec = o->retry_delay_usec,
                .busy = hold_while_busy,
                .data = &service,
        };
        r = endorsement_fetcher_new(&fetcher, &endorsements);
        if (r < 0)
                return diag_errno(d, r, "endorsements");
        service = (struct fetch_service){ .http = http, .endorsements = endorsements };
        const struct helper_server_options serve = {
                .bus = o->bus,
                .name = FETCH_NAME,
                .path = FETCH_PATH,
                .interface = FETCH_NAME,
                .vtable = fetch_vtable,
                .data = &service,
                .idle_usec = o->idle_usec,
        };
        r = helper_server_new(event, &serve, &server, d);
        if (r < 0)
                return r;
        service.server = server;
        r = sd_event_loop(event);
        return r < 0 ? diag_errno(d, r, "event loop") : 0;
}

int main(int argc, char *argv[]) {
        struct fetch_options o;
        struct diag d = {};
        bool said;
        int r;

        if (file_fill_standard() < 0)
                return EXIT_FAILURE;
        r = fetch_options_parse(argc, argv, &o, &said, &d);
        if (r < 0) {
                fprintf(stderr, "cvmd-fetch: %s\n", d.text);
                return EXIT_USAGE;
        }
        if (said)
                return EXIT_SUCCESS;
        umask(0077);
        if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) /* no TLS: nothing of it is needed */
                return EXIT_FAILURE;
        r = run(&o, &d);
        if (r < 0)
                log_error("%s", d.text[0] ? d.text : errno_text(r));
        curl_global_cleanup();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
