/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Endorsements for whoever asks: from the cache while their lifetime lasts, else from THIM. In the last
 * quarter of their lifetime they are answered from the cache and fetched behind, ahead of need. When THIM
 * fails, those that are over are better than none: they still hold for this chip and TCB.
 */
#include <stdbool.h>

#include "daemon/fetch/http.h"
#include "lib/evidence/endorsement-cache.h"

struct endorsement_fetcher;

struct endorsement_fetcher_options {
        sd_event *event;
        struct http_client *http;
        int cache;                 /* a folder that is ours; -1: nothing is kept */
        uint64_t retry_delay_usec; /* before asking again, when the answer is for another TCB or chip */

        /* Work begins (true) or ends: what goes on behind is not to be cut off by an end for idleness. */
        void (*busy)(bool begins, void *data);
        void *data;
};

/* Borrows what options point to. */
int endorsement_fetcher_new(const struct endorsement_fetcher_options *options,
        struct endorsement_fetcher **ret);
void endorsement_fetcher_free(struct endorsement_fetcher *f);
DEFINE_FREEP(struct endorsement_fetcher, endorsement_fetcher_free)

struct endorsement_answer {
        int r; /* 0, or what endorsements_check(), endorsements_parse() or http_done say */
        const struct diag *diag;
        const struct cached_endorsements *found; /* with r = 0 */
        bool cached;                             /* not asked for just now */
};

typedef void (*endorsement_answered)(const struct endorsement_answer *answer, void *data);

/*
 * 0: done is called once, perhaps from within; or forget, if the fetcher is freed before. Either takes data
 * over. Those who want the same share one request. THIM is asked three times at most, so that the answer
 * comes within three timeouts of the client and two delays. -EBUSY: too much is being fetched already.
 */
int endorsement_fetcher_get(struct endorsement_fetcher *f, const struct endorsed *for_what,
        endorsement_answered done, void (*forget)(void *data), void *data, struct diag *d);
