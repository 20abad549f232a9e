/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/attest/jobs.h"

#include <errno.h>
#include <time.h>

#include "daemon/helper-answer.h"
#include "daemon/log.h"

#define JOBS_MAX 256  /* cvmd limits its callers to fewer */
#define EVENTS_MAX 64 /* between two steps: who keeps calling does not keep a job from going on */
#define USEC_PER_SEC UINT64_C(1000000)

struct job {
        struct jobs *jobs;
        sd_bus_message *call;
        sd_bus_track *caller;
        bool gone;
        const struct job_kind *kind;
        void *data;
        struct job *next;
};

struct jobs {
        sd_event *event;
        struct helper_server *server;
        struct job *first; /* the one that runs, while one does */
        size_t n;
};

static void job_free(struct job *j) {
        if (!j)
                return;
        sd_bus_track_unref(j->caller);
        sd_bus_message_unref(j->call);
        if (j->kind && j->kind->free_data)
                j->kind->free_data(j->data);
        free(j);
}
DEFINE_FREEP(struct job, job_free)

int jobs_new(sd_event *event, struct jobs **ret, struct diag *d) {
        struct jobs *j = calloc(1, sizeof(*j));

        if (!j)
                return diag_errno(d, -ENOMEM, "jobs");
        j->event = sd_event_ref(event);
        *ret = j;
        return 0;
}

void jobs_free(struct jobs *j) {
        if (!j)
                return;
        while (j->first) {
                struct job *job = j->first;

                j->first = job->next;
                job_free(job);
        }
        sd_event_unref(j->event);
        free(j);
}

void jobs_serve(struct jobs *j, struct helper_server *server) {
        j->server = server;
}

static int on_caller_gone(sd_bus_track *track, void *userdata) {
        struct job *j = userdata;

        j->gone = true;
        return 0;
}

static int watch_caller(struct job *j) {
        int r = sd_bus_track_new(sd_bus_message_get_bus(j->call), &j->caller, on_caller_gone, j);

        return r < 0 ? r : sd_bus_track_add_sender(j->caller, j->call);
}

int jobs_add(struct jobs *j, sd_bus_message *call, const struct job_kind *kind, void *data, struct diag *d) {
        _cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));
        struct job **last = &j->first;
        int r;

        if (!job) {
                if (kind->free_data)
                        kind->free_data(data);
                return -ENOMEM;
        }
        *job = (struct job){ .jobs = j, .call = sd_bus_message_ref(call), .kind = kind, .data = data };
        if (j->n == JOBS_MAX)
                return diag_fail(d, -ENOBUFS, "%d calls wait already", JOBS_MAX);
        r = watch_caller(job);
        if (r < 0)
                return diag_errno(d, r, "caller");
        while (*last)
                last = &(*last)->next;
        *last = TAKE(job);
        j->n++;
        helper_server_hold(j->server);
        return 0;
}

static bool is_ending(const struct jobs *j) {
        int code;

        return sd_event_get_exit_code(j->event, &code) >= 0;
}

/* What speaks against going on. */
static int verdict(const struct jobs *j) {
        return is_ending(j) || (j->first && j->first->gone) ? -ECANCELED : 0;
}

static int between(void *data) {
        struct jobs *j = data;
        int r = 1;

        for (unsigned i = 0; i < EVENTS_MAX && r > 0 && !is_ending(j); i++)
                r = sd_event_run(j->event, 0);
        return r < 0 ? r : verdict(j);
}

static uint64_t now_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static int wait_usec(uint64_t usec, void *data) {
        struct jobs *j = data;
        uint64_t until = now_usec() + usec;

        for (uint64_t now = now_usec(); now < until && verdict(j) >= 0; now = now_usec()) {
                int r = sd_event_run(j->event, until - now);

                if (r < 0)
                        return r;
        }
        return verdict(j);
}

struct tpm_pacing jobs_pacing(struct jobs *j) {
        return (struct tpm_pacing){ .between = between, .wait = wait_usec, .data = j };
}

static const struct diag ending = { "the service was told to end: ask again" };

static void answer_error(const struct job *j, int r, const struct diag *d) {
        log_warning("%s: %s", sd_bus_message_get_member(j->call), d->text[0] ? d->text : errno_text(r));
        helper_answer_error(j->call, j->kind->errors, r, d);
}

static void run_job(struct job *job) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct diag d = {};
        int r = job->gone ? -ECANCELED : sd_bus_message_new_method_return(job->call, &reply);

        if (r >= 0)
                r = job->kind->run(job->data, reply, &d);
        if (job->gone) {
                log_info("%s: the caller is gone", sd_bus_message_get_member(job->call));
                return;
        }
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r < 0)
                answer_error(job, r, r == -ECANCELED ? &ending : &d);
}

static void run_first(struct jobs *j) {
        _cleanup_(job_freep) struct job *job = j->first;

        run_job(job);
        j->first = job->next;
        j->n--;
        helper_server_release(j->server);
}

/* Those that are not begun any more. */
static void cancel_rest(struct jobs *j) {
        while (j->first) {
                _cleanup_(job_freep) struct job *job = j->first;

                j->first = job->next;
                answer_error(job, -ECANCELED, &ending);
        }
}

int jobs_loop(struct jobs *j) {
        while (sd_event_get_state(j->event) != SD_EVENT_FINISHED) {
                int r = sd_event_run(j->event, j->first ? 0 : UINT64_MAX);

                if (r < 0)
                        return r;
                if (j->first && !is_ending(j))
                        run_first(j);
                if (is_ending(j)) /* while there is still a bus: it goes with the loop */
                        cancel_rest(j);
        }
        return 0;
}
