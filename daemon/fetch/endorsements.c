/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fetch/endorsements.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"

#define THIM_PATH "/metadata/THIM/amd/certification"
#define ATTEMPTS_MAX 3
#define JOBS_MAX 8
#define WAITERS_MAX 1024 /* of one job */

struct waiter {
        endorsement_answered done;
        void (*forget)(void *data); /* in place of done, if there is no answer any more */
        void *data;
        struct waiter *next;
};

/* One question to THIM, and everybody who waits for the answer; nobody, when it is asked ahead of need. */
struct job {
        struct endorsement_fetcher *fetcher;
        struct endorsed for_what;
        struct http_request *request;
        sd_event_source *again;
        unsigned attempts;
        struct waiter *waiters;
        size_t n_waiters;
        struct job *next;
};

struct endorsement_fetcher {
        struct endorsement_fetcher_options options;
        struct job *jobs;
        size_t n_jobs;
};

static int attempt(struct job *j, struct diag *d);

/* Certificates and lifetimes are told by the time that people have. */
static uint64_t now_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

static void job_free(struct job *j) {
        if (!j)
                return;
        while (j->waiters) {
                struct waiter *w = j->waiters;

                j->waiters = w->next;
                w->forget(w->data);
                free(w);
        }
        http_request_free(j->request);
        sd_event_source_disable_unref(j->again);
        free(j);
}
DEFINE_FREEP(struct job, job_free)

int endorsement_fetcher_new(const struct endorsement_fetcher_options *options,
        struct endorsement_fetcher **ret) {
        struct endorsement_fetcher *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->options = *options;
        *ret = f;
        return 0;
}

void endorsement_fetcher_free(struct endorsement_fetcher *f) {
        if (!f)
                return;
        while (f->jobs) {
                struct job *j = f->jobs;

                f->jobs = j->next;
                job_free(j);
        }
        free(f);
}

static bool same(const struct endorsed *a, const struct endorsed *b) {
        return a->tcb == b->tcb && a->product == b->product &&
                memcmp(a->chip_id, b->chip_id, sizeof(a->chip_id)) == 0;
}

static struct job *find_job(const struct endorsement_fetcher *f, const struct endorsed *for_what) {
        for (struct job *j = f->jobs; j; j = j->next)
                if (same(&j->for_what, for_what))
                        return j;
        return NULL;
}

static void unlink_job(struct job *j) {
        struct endorsement_fetcher *f = j->fetcher;

        for (struct job **at = &f->jobs; *at; at = &(*at)->next)
                if (*at == j) {
                        *at = j->next;
                        f->n_jobs--;
                        return;
                }
}

/* The end of a job: everybody is told, in the order in which they came. */
static void conclude(struct job *j, const struct endorsement_answer *answer) {
        _cleanup_(job_freep) struct job *owned = j;
        struct endorsement_fetcher *f = j->fetcher;

        unlink_job(owned); /* first: whoever is told may ask again */
        while (j->waiters) {
                _cleanup_(freep) struct waiter *w = j->waiters;

                j->waiters = w->next;
                w->done(answer, w->data);
        }
        f->options.busy(false, f->options.data);
}

static void keep(struct job *j, const struct http_answer *answer, const struct cached_endorsements *c) {
        const struct endorsement_fetcher *f = j->fetcher;
        struct diag d = {};

        log_info("endorsements for TCB %016" PRIx64 " fetched, good for %" PRIu64 " s", j->for_what.tcb,
                c->expires - c->fetched);
        if (f->options.cache >= 0 &&
                endorsement_cache_store(f->options.cache, &j->for_what, answer->body, answer->n, c, &d) < 0)
                log_warning("%s", d.text);
}

/* What was kept for a time that is over, if there is any. */
static void conclude_failed(struct job *j, int r, const struct diag *d) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements old = {};
        const struct endorsement_fetcher *f = j->fetcher;

        if (f->options.cache >= 0 &&
                endorsement_cache_load(f->options.cache, &j->for_what, now_seconds(), &old, NULL) >= 0) {
                log_warning("endorsements are not fetched anew: %s: those kept before are used", d->text);
                conclude(j, &(struct endorsement_answer){ .found = &old, .cached = true });
        } else {
                log_warning("no endorsements: %s", d->text);
                conclude(j, &(struct endorsement_answer){ .r = r, .diag = d });
        }
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        struct job *j = userdata;
        struct diag d = {};
        int r = attempt(j, &d);

        if (r < 0)
                conclude_failed(j, r, &d);
        return 0;
}

/* Whether the host may know better in a moment: after an update of firmware, or a migration. */
static bool may_pass(int r) {
        return r == -ESTALE || r == -EXDEV || r == -EAGAIN;
}

static int attempt_later(struct job *j) {
        uint64_t delay = j->fetcher->options.retry_delay_usec;
        int r;

        if (!j->again)
                return sd_event_add_time_relative(j->fetcher->options.event, &j->again, CLOCK_MONOTONIC,
                        delay, 0, on_again, j);
        r = sd_event_source_set_time_relative(j->again, delay);
        return r < 0 ? r : sd_event_source_set_enabled(j->again, SD_EVENT_ONESHOT);
}

static void on_answer(int r, const struct http_answer *answer, const struct diag *said, void *data) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = { .fetched = now_seconds() };
        struct job *j = data;
        struct diag d = *said;

        j->request = NULL; /* which frees itself */
        if (r >= 0)
                r = endorsements_parse(answer->body, answer->n, &c.endorsements, &d);
        if (r >= 0)
                r = endorsements_check(&c.endorsements, &j->for_what, c.fetched, &d);
        if (r < 0 && may_pass(r) && j->attempts < ATTEMPTS_MAX && attempt_later(j) >= 0)
                return;
        if (r < 0) {
                conclude_failed(j, r == -EAGAIN ? -EREMOTEIO : r, &d);
                return;
        }
        c.expires = endorsement_cache_expiry(&c.endorsements, c.fetched);
        keep(j, answer, &c);
        conclude(j, &(struct endorsement_answer){ .found = &c });
}

static int attempt(struct job *j, struct diag *d) {
        j->attempts++;
        return http_request_new(j->fetcher->options.http, THIM_PATH, NULL, ENDORSEMENTS_ANSWER_MAX,
                on_answer, j, &j->request, d);
}

/* The job that fetches this, under way. */
static int join(struct endorsement_fetcher *f, const struct endorsed *for_what, struct job **ret,
        struct diag *d) {
        _cleanup_(job_freep) struct job *j = NULL;
        struct job *found = find_job(f, for_what);
        int r;

        if (found) {
                *ret = found;
                return 0;
        }
        if (f->n_jobs == JOBS_MAX)
                return diag_fail(d, -EBUSY, "endorsements of %d kinds are being fetched already", JOBS_MAX);
        j = calloc(1, sizeof(*j));
        if (!j)
                return diag_errno(d, -ENOMEM, "endorsements");
        *j = (struct job){ .fetcher = f, .for_what = *for_what };
        r = attempt(j, d);
        if (r < 0)
                return r;
        f->options.busy(true, f->options.data);
        j->next = f->jobs;
        f->jobs = j;
        f->n_jobs++;
        *ret = TAKE(j);
        return 0;
}

static int wait_for(struct job *j, endorsement_answered done, void (*forget)(void *data), void *data,
        struct diag *d) {
        struct waiter *w, **last = &j->waiters;

        if (j->n_waiters == WAITERS_MAX)
                return diag_fail(d, -EBUSY, "%d callers wait for these endorsements already", WAITERS_MAX);
        w = calloc(1, sizeof(*w));
        if (!w)
                return diag_errno(d, -ENOMEM, "endorsements");
        *w = (struct waiter){ .done = done, .forget = forget, .data = data };
        while (*last)
                last = &(*last)->next;
        *last = w;
        j->n_waiters++;
        return 0;
}

int endorsement_fetcher_get(struct endorsement_fetcher *f, const struct endorsed *for_what,
        endorsement_answered done, void (*forget)(void *data), void *data, struct diag *d) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements kept = {};
        enum endorsement_age age = ENDORSEMENTS_OVER;
        uint64_t now = now_seconds();
        struct diag cache_diag = {};
        struct job *j = NULL;
        int r;

        r = f->options.cache < 0
                ? -ENODATA
                : endorsement_cache_load(f->options.cache, for_what, now, &kept, &cache_diag);
        if (r >= 0)
                age = endorsement_cache_age(&kept, now);
        else if (r != -ENODATA)
                log_warning("what was kept of endorsements is not used: %s", cache_diag.text);
        if (age != ENDORSEMENTS_FRESH) {
                r = join(f, for_what, &j, d);
                if (r >= 0 && age == ENDORSEMENTS_OVER)
                        return wait_for(j, done, forget, data, d);
                if (age == ENDORSEMENTS_OVER)
                        return r;
        } /* ageing: whether it is fetched behind is not the caller's matter */
        done(&(struct endorsement_answer){ .found = &kept, .cached = true }, data);
        return 0;
}
