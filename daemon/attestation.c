/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue. Whoever asks while no new report can be made waits, and shares the next one with all others who
 * do: the vTPM makes one a window at most, so that waiting here costs nobody any time. The first in line
 * says what the next report is for; those who can share it overtake, but only for that one: none starves.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/attestation-detect.h"
#include "daemon/attestation-endorse.h"
#include "daemon/attestation-private.h"
#include "daemon/attestation-tsm.h"

static int on_next_batch(sd_event_source *source, uint64_t usec, void *userdata) {
        attestation_go_on(userdata);
        return 0;
}

/* When the vTPM can make a new report; CLOCK_MONOTONIC. */
static uint64_t next_report_at(const struct attestation *a) {
        return a->reported_at ? a->reported_at + a->window_usec : 0;
}

static int wake_at(struct attestation *a, uint64_t usec) {
        int r;

        if (!a->next_batch)
                return sd_event_add_time(a->bus->event, &a->next_batch, CLOCK_MONOTONIC, usec, 1,
                        on_next_batch, a);
        r = sd_event_source_set_time(a->next_batch, usec);
        return r < 0 ? r : sd_event_source_set_enabled(a->next_batch, SD_EVENT_ONESHOT);
}

static void sweep(struct attestation *a) {
        for (struct request **at = &a->requests; *at;) {
                struct request *q = *at;

                if (q->call || q->stage == REQUEST_SHARING) { /* its batch still counts on it */
                        at = &q->next;
                        continue;
                }
                *at = q->next;
                request_free(q);
        }
}

static struct request *first_waiting(const struct attestation *a) {
        for (struct request *q = a->requests; q; q = q->next)
                if (q->stage == REQUEST_WAITING)
                        return q;
        return NULL;
}

void attestation_go_on(struct attestation *a) {
        struct request *first;
        int r;

        sweep(a);
        first = a->batch ? NULL : first_waiting(a);
        if (!first)
                return;
        if (now_usec(CLOCK_MONOTONIC) >= next_report_at(a)) {
                batch_start(a, first);
                return;
        }
        r = wake_at(a, next_report_at(a));
        if (r < 0) {
                request_fail(first, r, &(struct diag){ "event loop" });
                sweep(a);
        }
}

void attestation_batch_ended(struct attestation *a) {
        batch_free(a->batch);
        a->batch = NULL;
        for (struct request *q = a->requests; q; q = q->next)
                if (q->stage == REQUEST_SHARING)
                        q->stage = REQUEST_WAITING;
        attestation_go_on(a);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct request *q = userdata;

        request_fail(q, -ETIMEDOUT, &(struct diag){ "no evidence within 5 minutes: the TPM is too slow" });
        attestation_go_on(q->attestation);
        return 0;
}

/* Counts what is there: of one connection, of one user, of all. */
static int check_limits(const struct attestation *a, const struct request *q, struct diag *d) {
        const char *sender = sd_bus_message_get_sender(q->call);
        size_t of_sender = 0, of_user = 0, all = 0;

        for (const struct request *i = a->requests; i; i = i->next) {
                if (!i->call)
                        continue;
                of_sender += strcmp(sd_bus_message_get_sender(i->call), sender) == 0;
                of_user += i->uid == q->uid;
                all++;
        }
        if (of_sender >= REQUESTS_OF_SENDER_MAX)
                return diag_fail(d, -EDQUOT,
                        "%d requests of this connection wait already: try again when one is answered",
                        REQUESTS_OF_SENDER_MAX);
        if (of_user >= REQUESTS_OF_USER_MAX)
                return diag_fail(d, -EDQUOT,
                        "%d requests of this user wait already: try again in a few seconds",
                        REQUESTS_OF_USER_MAX);
        if (all >= REQUESTS_MAX)
                return diag_fail(d, -EDQUOT, "%d requests wait already: try again in a few seconds",
                        REQUESTS_MAX);
        return 0;
}

static void append(struct attestation *a, struct request *q) {
        struct request **at = &a->requests;

        while (*at)
                at = &(*at)->next;
        *at = q;
}

int attestation_take(struct attestation *a, struct request **q, struct diag *d) {
        int r = check_limits(a, *q, d);

        if (r >= 0)
                r = sd_event_add_time_relative(a->bus->event, &(*q)->patience, CLOCK_MONOTONIC,
                        REQUEST_PATIENCE_USEC, 0, on_patience, *q);
        if (r < 0)
                return r;
        append(a, TAKE(*q));
        attestation_go_on(a);
        return 0;
}

void attestation_caller_gone(struct attestation *a, const char *name) {
        bool gone = false;

        for (struct request *q = a->requests; q; q = q->next)
                if (q->call && strcmp(sd_bus_message_get_sender(q->call), name) == 0) {
                        q->call = sd_bus_message_unref(q->call);
                        gone = true;
                }
        if (gone)
                attestation_go_on(a);
}

int attestation_new(struct bus *b, const struct bus_options *o, struct attestation **ret) {
        _cleanup_(attestation_freep) struct attestation *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        *a = (struct attestation){
                .bus = b,
                .root = o->root,
                .window_usec = o->report_window_usec,
        };
        *ret = TAKE(a);
        return 0;
}

void attestation_forget(struct attestation *a) {
        batch_free(a->batch);
        a->batch = NULL;
        tsm_forget(a);
        detect_forget(a);
        endorsing_forget(a);
        a->next_batch = sd_event_source_unref(a->next_batch);
        while (a->requests) {
                struct request *q = a->requests;

                a->requests = q->next;
                request_free(q);
        }
}

void attestation_free(struct attestation *a) {
        if (!a)
                return;
        attestation_forget(a);
        endorsing_free(a->endorsing);
        for (enum provider p = 0; p < _PROVIDER_MAX; p++)
                free(a->providers[p].why);
        free(a->told);
        free(a);
}
