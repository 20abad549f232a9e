/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a helper that answers a call, from its fork to its end; what it does is its starter's. */
#include "daemon/helper-call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/errors.h"

int helper_call_new(struct bus *b, struct helper_call **slot, struct helper_call **ret) {
        _cleanup_(helper_call_freep) struct helper_call *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *c = (struct helper_call){ .bus = b, .slot = slot, .pidfd = -1 };
        c->memory = memfd_create("cvmd-answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (c->memory < 0)
                return -errno;
        *ret = TAKE(c);
        return 0;
}

void helper_call_free(struct helper_call *c) {
        if (!c)
                return;
        if (c->killable && c->pidfd >= 0)
                (void)pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
        sd_bus_message_unref(c->call);
        sd_event_source_unref(c->end);
        sd_event_source_unref(c->patience);
        closep(&c->pidfd);
        closep(&c->memory);
        if (c->free_data)
                c->free_data(c->data);
        free(c);
}

void helper_call_forget(struct helper_call *c) {
        if (c)
                c->call = sd_bus_message_unref(c->call);
}

static void answer_waiting(struct helper_call *c, enum helper_outcome outcome) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!c->call)
                return;
        r = c->answer(c, outcome);
        if (r < 0) {
                (void)error_set(&error, r, &(struct diag){});
                (void)sd_bus_reply_method_error(c->call, &error);
        }
        c->call = sd_bus_message_unref(c->call);
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct helper_call *c = userdata;
        siginfo_t info = {};
        bool good = waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED) == 0 && info.si_code == CLD_EXITED &&
                info.si_status == EXIT_SUCCESS;

        c->killable = false; /* it has ended */
        answer_waiting(c, good ? HELPER_SUCCEEDED : HELPER_FAILED);
        *c->slot = NULL;
        helper_call_free(c);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct helper_call *c = userdata;

        answer_waiting(c, HELPER_HANGS);
        if (c->killable)
                (void)pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
        return 0;
}

static int watch(struct helper_call *c) {
        int r = sd_event_add_io(c->bus->event, &c->end, c->pidfd, EPOLLIN, on_end, c);

        if (r < 0)
                return r;
        return sd_event_add_time_relative(c->bus->event, &c->patience, CLOCK_MONOTONIC, c->patience_usec, 0,
                on_patience, c);
}

int helper_call_start(struct helper_call **c, sd_bus_message *call, struct process_child *child) {
        struct helper_call **slot = (*c)->slot;
        int r;

        (*c)->pidfd = take_fd(&child->pidfd);
        r = watch(*c);
        if (r < 0) {
                process_abandon(child);
                return r;
        }
        process_let_go(child->channel);
        close(child->channel);
        (*c)->call = sd_bus_message_ref(call);
        *slot = TAKE(*c);
        return 0;
}
