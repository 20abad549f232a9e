/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper is a fork that does one action, sends its answer in one message and ends. We learn of the end
 * from its pidfd, which works alike for our own children and for those of a cvmd before us.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/process.h"
#include "lib/enforce/device-note.h"
#include "lib/enforce/gate.h"

struct answer {
        int r;
        struct apply_result result;
        struct diag why;
};

struct worker {
        struct workers *all;
        struct guid instance;
        enum plan_verb verb;
        bool adopted;  /* not our child */
        bool reported; /* that it hangs */
        int pidfd, answer;
        sd_event_source *end, *patience;
};

struct workers {
        struct sysroot *root;
        int state;
        sd_event *event;
        struct workers_patience patience;
        const struct workers_handler *handler;
        void *data;
        struct worker *running[WORKERS_MAX];
        size_t n;
};

static void worker_free(struct worker *w) {
        if (!w)
                return;
        sd_event_source_unref(w->end);
        sd_event_source_unref(w->patience);
        closep(&w->pidfd);
        closep(&w->answer);
        free(w);
}
DEFINE_FREEP(struct worker, worker_free)

static void note_helper(int state, enum plan_verb verb, const struct guid *instance) {
        uint64_t started;
        char text[128];

        if (process_start_time(getpid(), &started) < 0)
                return;
        snprintf(text, sizeof(text), "%s %d %llu", plan_verb_to_string(verb), (int)getpid(),
                (unsigned long long)started);
        (void)note_write(state, NOTE_HELPER, instance, text, NULL);
}

static int act(struct sysroot *root, int state, enum plan_verb verb, const struct guid *instance,
        uint64_t inode, struct answer *a) {
        switch (verb) {
        case PLAN_BLOCK:
                return apply_block(root, state, instance, &a->result, &a->why);
        case PLAN_RELEASE:
                return apply_release(root, state, instance, &a->result, &a->why);
        case PLAN_HALT:
                return apply_isolate(root, instance, &a->result, &a->why);
        case PLAN_ADMIT:
                return gate_admit(root, instance, inode, &a->result, &a->why);
        case PLAN_CLOSE_GATE:
                return gate_close(root, state, &a->result, &a->why);
        case PLAN_OPEN_GATE:
                return gate_open(root, state, &a->result, &a->why);
        case PLAN_NOTHING:
        case _PLAN_VERB_MAX:
                break;
        }
        return -EINVAL;
}

/* In the helper, from fork to end. */
static _Noreturn void work(struct sysroot *root, int state, enum plan_verb verb, const struct guid *instance,
        uint64_t inode, int answer) {
        const int keep[] = { root->fd, state, answer };
        struct answer a = {};

        char name[32];

        snprintf(name, sizeof(name), "cvmd-%s", plan_verb_to_string(verb));
        process_become_helper(name, keep, sizeof(keep) / sizeof(keep[0]));
        note_helper(state, verb, instance);
        a.r = act(root, state, verb, instance, inode, &a);
        _exit(write(answer, &a, sizeof(a)) == sizeof(a) ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void forget(struct worker *w) {
        struct workers *all = w->all;

        for (size_t i = 0; i < all->n; i++)
                if (all->running[i] == w) {
                        all->running[i] = all->running[--all->n];
                        return;
                }
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(worker_freep) struct worker *w = userdata;
        const struct workers *all = w->all;
        struct answer a = {};
        siginfo_t info;

        forget(w);
        if (!w->adopted)
                (void)waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
        (void)note_remove(all->state, NOTE_HELPER, &w->instance, NULL);
        if (w->answer < 0 || recv(w->answer, &a, sizeof(a), MSG_DONTWAIT) != sizeof(a)) {
                a = (struct answer){ .r = w->adopted ? -ECHILD : -EIO };
                (void)diag_fail(&a.why, a.r, "the helper ended without an answer");
        }
        all->handler->ended(&w->instance, w->verb, a.r, &a.result, a.why.text, all->data);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct worker *w = userdata;
        const struct workers *all = w->all;
        bool again = w->reported;
        int r;

        if (!again) {
                w->reported = true;
                r = sd_event_source_set_time_relative(source,
                        all->patience.given_up_usec - all->patience.hangs_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
                if (r < 0)
                        return r;
        }
        all->handler->hangs(&w->instance, w->verb, again, all->data);
        return 0;
}

/* Takes *pidfd and *answer over, and watches them. */
static int watch(struct workers *all, enum plan_verb verb, const struct guid *instance, int *pidfd,
        int *answer) {
        _cleanup_(worker_freep) struct worker *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        *w = (struct worker){
                .all = all,
                .instance = *instance,
                .verb = verb,
                .adopted = *answer < 0,
                .pidfd = take_fd(pidfd),
                .answer = take_fd(answer),
        };
        r = sd_event_add_io(all->event, &w->end, w->pidfd, EPOLLIN, on_end, w);
        if (r >= 0)
                r = sd_event_add_time_relative(all->event, &w->patience, CLOCK_MONOTONIC,
                        all->patience.hangs_usec, 0, on_patience, w);
        if (r < 0)
                return r;
        all->running[all->n++] = TAKE(w);
        return 0;
}

static bool works_on(const struct workers *w, const struct guid *instance) {
        for (size_t i = 0; i < w->n; i++)
                if (guid_equal(&w->running[i]->instance, instance))
                        return true;
        return false;
}

int workers_start(struct workers *w, enum plan_verb verb, const struct guid *instance, uint64_t inode,
        struct diag *d) {
        struct process_child child = PROCESS_CHILD_NONE;
        int channel, r;

        if (works_on(w, instance))
                return diag_fail(d, -EBUSY, "a helper works on this device already");
        if (w->n == WORKERS_MAX)
                return diag_fail(d, -EAGAIN, "%d helpers are at work already", WORKERS_MAX);
        r = process_fork(&child);
        if (r < 0)
                return diag_errno(d, r, "cannot start a helper");
        if (r == 0)
                work(w->root, w->state, verb, instance, inode, child.channel);
        channel = child.channel;
        r = watch(w, verb, instance, &child.pidfd, &child.channel);
        if (r < 0) {
                process_abandon(&child);
                return diag_errno(d, r, "cannot watch a helper");
        }
        process_let_go(channel);
        return 0;
}

bool workers_all_hang(const struct workers *w) {
        for (size_t i = 0; i < w->n; i++)
                if (!w->running[i]->reported)
                        return false;
        return w->n == WORKERS_MAX;
}

/* "VERB PID STARTTIME" of a process that still is that process; its pidfd. */
static int helper_find(const char *text, enum plan_verb *ret_verb, int *ret_pidfd) {
        _cleanup_(closep) int pidfd = -1;
        unsigned long long noted;
        uint64_t started;
        char verb[16];
        int pid, r, found;

        if (sscanf(text, "%15s %d %llu", verb, &pid, &noted) != 3 || pid <= 1)
                return -EBADMSG;
        found = plan_verb_from_string(verb);
        if (found < 0)
                return found;
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0)
                return -errno;
        r = process_start_time(pid,
                &started); /* after the pidfd: what it says is of the process that we hold */
        if (r < 0)
                return r;
        if (started != noted)
                return -ESRCH;
        *ret_verb = (enum plan_verb)found;
        *ret_pidfd = take_fd(&pidfd);
        return 0;
}

int workers_adopt(struct workers *w, struct diag *d) {
        _cleanup_(notes_done) struct notes helpers = {};
        int r = notes_list(w->state, NOTE_HELPER, &helpers, d);

        if (r < 0)
                return r;
        for (size_t i = 0; i < helpers.n; i++) {
                _cleanup_(closep) int pidfd = -1;
                enum plan_verb verb = PLAN_NOTHING;
                int no_answer = -1;

                r = helper_find(helpers.notes[i].text, &verb, &pidfd);
                if (r >= 0 && w->n < WORKERS_MAX)
                        r = watch(w, verb, &helpers.notes[i].instance, &pidfd, &no_answer);
                else
                        r = note_remove(w->state, NOTE_HELPER, &helpers.notes[i].instance, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

int workers_new(struct sysroot *root, int state, sd_event *event, const struct workers_patience *patience,
        const struct workers_handler *handler, void *data, struct workers **ret) {
        struct workers *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        *w = (struct workers){
                .root = root,
                .state = state,
                .event = sd_event_ref(event),
                .patience = *patience,
                .handler = handler,
                .data = data,
        };
        *ret = w;
        return 0;
}

void workers_free(struct workers *w) {
        if (!w)
                return;
        for (size_t i = 0; i < w->n; i++)
                worker_free(w->running[i]);
        sd_event_unref(w->event);
        free(w);
}
