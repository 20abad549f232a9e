/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The interface org.cvmd1.Fetch; units/org.cvmd1.Fetch.xml says what it promises. */
#include "daemon/fetch/endorsements.h"
#include "daemon/helper-server.h"

#define FETCH_NAME "org.cvmd1.Fetch"
#define FETCH_PATH "/org/cvmd1/fetch"

/* What the methods need; server is set once it serves. */
struct fetch_service {
        struct helper_server *server;
        struct http_client *http;
        struct endorsement_fetcher *endorsements;
        struct quote_call *quotes; /* under way */
        unsigned n_quotes;
};

extern const sd_bus_vtable fetch_vtable[]; /* its userdata: struct fetch_service */

/* Gives up what is under way, before what the service points to is freed. */
void fetch_service_done(struct fetch_service *s);
