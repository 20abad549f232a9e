/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper is a fork that waits at a socket for one order after the other, does it, and answers. One is kept
 * ready, because a fork is the longest part of a block; it ends when the other side of its socket is closed,
 * by us or because we are no more. A helper that hangs in the kernel does its last order: its end is learned
 * from its pidfd, which works alike for our own children and for those of a cvmd before us.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/process.h"
#include "daemon/worker-process.h"
#include "lib/enforce/device-note.h"

enum worker_state {
        WORKER_READY,
        WORKER_BUSY,
        WORKER_LEAVING, /* told to end, and not reaped yet */
};

struct worker {
        struct workers *all;
        struct worker *next;
        enum worker_state state;
        struct worker_order order; /* while busy */
        bool adopted;              /* not our child */
        bool reported;             /* that it hangs */
        int pidfd, socket;
        sd_event_source *end, *answer, *patience;
};

struct workers {
        struct sysroot *root;
        int state;
        sd_event *event;
        sd_event_source *prepare;
        struct workers_patience patience;
        const struct workers_handler *handler;
        void *data;
        struct worker *first;
};

static void worker_free(struct worker *w) {
        if (!w)
                return;
        sd_event_source_unref(w->end);
        sd_event_source_unref(w->answer);
        sd_event_source_unref(w->patience);
        closep(&w->pidfd);
        closep(&w->socket);
        free(w);
}
DEFINE_FREEP(struct worker, worker_free)

static struct worker *find_ready(struct workers *all) {
        for (struct worker *w = all->first; w; w = w->next)
                if (w->state == WORKER_READY)
                        return w;
        return NULL;
}

/* Whether one more may be sent out. */
static bool has_room(const struct workers *all) {
        size_t n = 0, hanging = 0;

        for (const struct worker *w = all->first; w; w = w->next) {
                n += w->state == WORKER_BUSY;
                hanging += w->state == WORKER_BUSY && w->reported;
        }
        return n - hanging < WORKERS_MAX && n < WORKERS_HANGING_MAX;
}

static void forget(struct worker *w) {
        struct worker **at = &w->all->first;

        while (*at != w)
                at = &(*at)->next;
        *at = w->next;
}

/* It ends by itself, and is reaped then. */
static void dismiss(struct worker *w) {
        w->state = WORKER_LEAVING;
        w->answer = sd_event_source_unref(w->answer);
        closep(&w->socket);
        w->socket = -1;
}

/* One that is done stays ready for the next order, unless another one does already. */
static void conclude(struct worker *w, const struct worker_answer *a) {
        const struct workers *all = w->all;
        const struct worker_order o = w->order;

        (void)note_remove(all->state, NOTE_HELPER, &o.device.instance, NULL);
        (void)sd_event_source_set_enabled(w->patience, SD_EVENT_OFF);
        if (w->socket < 0 || find_ready(w->all))
                dismiss(w);
        else
                w->state = WORKER_READY;
        all->handler->ended(&o.device.instance, o.verb, a->r, &a->result, a->why.text, all->data);
}

static bool take_answer(const struct worker *w, struct worker_answer *ret) {
        return w->socket >= 0 && recv(w->socket, ret, sizeof(*ret), MSG_DONTWAIT) == sizeof(*ret);
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct worker *w = userdata;
        struct worker_answer a;

        if (w->state == WORKER_BUSY && take_answer(w, &a)) {
                conclude(w, &a);
                return 0;
        }
        return sd_event_source_set_enabled(source, SD_EVENT_OFF); /* its end is told by its pidfd */
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_(worker_freep) struct worker *w = userdata;
        struct worker_answer a = {};
        siginfo_t info;

        if (!w->adopted)
                (void)waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
        forget(w);
        if (w->state != WORKER_BUSY)
                return 0;
        if (!take_answer(w, &a)) {
                a = (struct worker_answer){ .r = w->adopted ? -ECHILD : -EIO };
                (void)diag_fail(&a.why, a.r, "the helper ended without an answer");
        }
        dismiss(w);
        conclude(w, &a);
        return 0;
}

static int on_prepare(sd_event_source *source, void *userdata);

/* Keeps one helper ready, from when there is nothing more urgent to do. */
static int prepare_later(struct workers *all) {
        int r = all->prepare ? 0 : sd_event_add_defer(all->event, &all->prepare, on_prepare, all);

        if (r >= 0)
                r = sd_event_source_set_priority(all->prepare, SD_EVENT_PRIORITY_IDLE);
        return r < 0 ? r : sd_event_source_set_enabled(all->prepare, SD_EVENT_ONESHOT);
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
                if (r >= 0)
                        r = prepare_later(w->all); /* the next device is not to wait for a fork */
                if (r < 0)
                        return r;
        }
        all->handler->hangs(&w->order.device.instance, w->order.verb, again, all->data);
        return 0;
}

/* Takes *pidfd and *socket over, and watches them; its patience begins with an order. *ret is borrowed. */
static int watch(struct workers *all, int *pidfd, int *socket, struct worker **ret) {
        _cleanup_(worker_freep) struct worker *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        *w = (struct worker){ .all = all, .adopted = *socket < 0, .pidfd = -1, .socket = -1 };
        r = sd_event_add_io(all->event, &w->end, *pidfd, EPOLLIN, on_end, w);
        if (r >= 0 && !w->adopted)
                r = sd_event_add_io(all->event, &w->answer, *socket, EPOLLIN, on_answer, w);
        if (r >= 0)
                r = sd_event_add_time_relative(all->event, &w->patience, CLOCK_MONOTONIC, UINT32_MAX, 0,
                        on_patience, w);
        if (r >= 0)
                r = sd_event_source_set_enabled(w->patience, SD_EVENT_OFF);
        if (r < 0)
                return r;
        w->pidfd = take_fd(pidfd);
        w->socket = take_fd(socket);
        w->next = all->first;
        all->first = w;
        *ret = TAKE(w);
        return 0;
}

/* From now on it works on that. */
static int employ(struct worker *w, const struct worker_order *o) {
        int r = sd_event_source_set_time_relative(w->patience, w->all->patience.hangs_usec);

        if (r >= 0)
                r = sd_event_source_set_enabled(w->patience, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;
        w->order = *o;
        w->state = WORKER_BUSY;
        w->reported = false;
        return 0;
}

static int hire(struct workers *all, struct worker **ret) {
        struct process_child child = PROCESS_CHILD_NONE;
        int r = process_fork(&child);

        if (r < 0)
                return r;
        if (r == 0)
                worker_run(all->root, all->state, child.channel);
        r = watch(all, &child.pidfd, &child.channel, ret);
        if (r < 0) {
                process_abandon(&child);
                return r;
        }
        process_let_go((*ret)->socket);
        return 0;
}

static int on_prepare(sd_event_source *source, void *userdata) {
        struct workers *all = userdata;
        struct worker *w;

        if (!find_ready(all) && has_room(all))
                (void)hire(all, &w); /* the next order tries again, and says why it cannot */
        return 0;
}

/* The bus has the instance that is all zero; nothing keeps a host from offering a device that has it too. */
static bool works_on(const struct workers *all, enum plan_verb verb, const struct guid *instance) {
        for (const struct worker *w = all->first; w; w = w->next)
                if (w->state == WORKER_BUSY && guid_equal(&w->order.device.instance, instance) &&
                        plan_verb_is_of_gate(w->order.verb) == plan_verb_is_of_gate(verb))
                        return true;
        return false;
}

static bool tell(const struct worker *w, const struct worker_order *o) {
        return send(w->socket, o, sizeof(*o), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*o);
}

int workers_start(struct workers *all, enum plan_verb verb, const struct apply_device *device,
        struct diag *d) {
        const struct worker_order o = { .verb = verb, .device = *device };
        struct worker *w = find_ready(all);
        int r = 0;

        if (works_on(all, verb, &device->instance))
                return diag_fail(d, -EBUSY, "a helper works on this device already");
        if (!has_room(all))
                return diag_fail(d, -EAGAIN, "as many helpers as there may be are at work");
        if (w && !tell(w, &o)) {
                dismiss(w); /* somebody killed it */
                w = NULL;
        }
        if (!w) {
                r = hire(all, &w);
                if (r >= 0 && !tell(w, &o))
                        r = -EPIPE;
        }
        if (r >= 0)
                r = employ(w, &o);
        return r < 0 ? diag_errno(d, r, "cannot start a helper") : 0;
}

bool workers_all_hang(const struct workers *all) {
        for (const struct worker *w = all->first; w; w = w->next)
                if (w->state == WORKER_BUSY && !w->reported)
                        return false;
        return !has_room(all);
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
                struct worker_order o = { .device.instance = helpers.notes[i].instance };
                _cleanup_(closep) int pidfd = -1;
                struct worker *adopted;
                int no_socket = -1;

                r = helper_find(helpers.notes[i].text, &o.verb, &pidfd);
                if (r >= 0) {
                        r = watch(w, &pidfd, &no_socket, &adopted);
                        if (r >= 0)
                                r = employ(adopted, &o);
                } else
                        r = note_remove(w->state, NOTE_HELPER, &helpers.notes[i].instance, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

int workers_new(struct sysroot *root, int state, sd_event *event, const struct workers_patience *patience,
        const struct workers_handler *handler, void *data, struct workers **ret) {
        _cleanup_(workers_freep) struct workers *w = calloc(1, sizeof(*w));
        int r;

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
        r = prepare_later(w);
        if (r < 0)
                return r;
        *ret = TAKE(w);
        return 0;
}

/* Those that wait for us end at once; those that are at work, when they are done. */
static void let_go(struct worker *w) {
        siginfo_t info;

        if (w->adopted || w->state == WORKER_BUSY)
                return;
        if (pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0) == 0)
                (void)waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
}

void workers_free(struct workers *w) {
        struct worker *next;

        if (!w)
                return;
        for (struct worker *one = w->first; one; one = next) {
                next = one->next;
                let_go(one);
                worker_free(one);
        }
        sd_event_source_unref(w->prepare);
        sd_event_unref(w->event);
        free(w);
}
