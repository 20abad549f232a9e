/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two sources and a timer: the kernel's notices, which say that something changed, the pipe of the process
 * that asks what there is now, and the timer that gives up on it or lets some time pass between two
 * questions. A notice that was lost is a notice, too.
 */
#include "daemon/network-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "daemon/network-event.h"

#define RECEIVE_BUFFER (1024 * 1024)
#define BATCH_MAX 256                     /* notices a wake-up: others want to be served too */
#define PAUSE_USEC (200 * (uint64_t)1000) /* between two questions, however much changes */
#define PATIENCE_USEC (NETWORK_PATIENCE_MS * (uint64_t)1000)

struct network_watch {
        sd_event *event;
        struct network_probe *probe;
        struct nl_sock *notices;
        sd_event_source *noticed, *answered, *timer;
        uint64_t asked_at; /* when the last question was asked; CLOCK_MONOTONIC */
        uint64_t asked;
        bool outdated; /* something changed since */
        void (*changed)(void *data);
        void *data;
};

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata);
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static int wake_at(struct network_watch *w, uint64_t usec) {
        int r;

        if (!w->timer)
                return sd_event_add_time(w->event, &w->timer, CLOCK_MONOTONIC, usec, 0, on_timer, w);
        r = sd_event_source_set_time(w->timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

/* The source has a descriptor of its own, since the probe closes its one before it is done with. */
static int watch_answer(struct network_watch *w) {
        _cleanup_(closep) int fd = fcntl(network_probe_fd(w->probe), F_DUPFD_CLOEXEC, 0);
        int r = fd < 0 ? -errno : sd_event_add_io(w->event, &w->answered, fd, EPOLLIN, on_answer, w);

        if (r < 0)
                return r;
        r = sd_event_source_set_io_fd_own(w->answered, 1);
        if (r >= 0)
                fd = -1;
        return r;
}

/* Asks now; what keeps us from it, such as a want of processes or descriptors, may have passed a little
 * later. */
static int ask(struct network_watch *w) {
        int r = sd_event_now(w->event, CLOCK_MONOTONIC, &w->asked_at);

        if (r < 0)
                return r;
        if (network_probe_fd(w->probe) < 0 && network_probe_ask(w->probe) >= 0)
                w->asked++;
        w->outdated = network_probe_fd(w->probe) < 0 || watch_answer(w) < 0;
        return wake_at(w, w->asked_at + PATIENCE_USEC);
}

static int ask_unless_just_asked(struct network_watch *w) {
        uint64_t now;
        int r = sd_event_now(w->event, CLOCK_MONOTONIC, &now);

        w->outdated = true;
        if (r < 0 || w->answered) /* whose end comes here again */
                return r;
        return now - w->asked_at < PAUSE_USEC ? wake_at(w, w->asked_at + PAUSE_USEC) : ask(w);
}

/* After an answer. Where it was none, the timer is left to ask again. */
static int go_on(struct network_watch *w) {
        if (!network_probe_knows(w->probe))
                return wake_at(w, w->asked_at + PATIENCE_USEC);
        return w->outdated ? ask_unless_just_asked(w) : sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct network_watch *w = userdata;
        bool changed = false;
        int r = network_probe_collect(w->probe, &changed);

        if (r == -EAGAIN)
                return 0;
        if (r < 0)
                return sd_event_exit(w->event, r);
        w->answered = sd_event_source_unref(w->answered);
        r = go_on(w);
        if (changed)
                w->changed(w->data);
        return r;
}

/* Either nobody asks, and it is time to; or the answer has not come. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct network_watch *w = userdata;
        bool known = network_probe_knows(w->probe);

        if (!w->answered)
                return ask(w);
        network_probe_give_up(w->probe);
        if (known)
                w->changed(w->data);
        return 0;
}

static int on_notice(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct network_watch *w = userdata;
        bool matters = false;

        for (unsigned i = 0; i < BATCH_MAX; i++) {
                _cleanup_(freep) unsigned char *messages = NULL;
                struct sockaddr_nl sender = {};
                int n = nl_recv(w->notices, &sender, &messages, NULL);

                if (n == 0 || n == -NLE_AGAIN)
                        break;
                matters |= n < 0 || network_event_matters(messages, (size_t)n);
                if (n < 0)
                        break;
        }
        return matters ? ask_unless_just_asked(w) : 0;
}

static int subscribe(struct network_watch *w, struct diag *d) {
        static const int size = RECEIVE_BUFFER;
        int fd, r;

        w->notices = nl_socket_alloc();
        if (!w->notices)
                return diag_errno(d, -ENOMEM, "network");
        nl_socket_disable_seq_check(w->notices);
        r = nl_connect(w->notices, NETLINK_ROUTE);
        if (r == 0)
                r = nl_socket_add_memberships(w->notices, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
                        RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, 0);
        if (r == 0)
                r = nl_socket_set_nonblocking(w->notices);
        if (r < 0)
                return diag_fail(d, -EIO, "cannot follow interfaces and routes: %s", nl_geterror(r));
        fd = nl_socket_get_fd(w->notices);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        r = sd_event_add_io(w->event, &w->noticed, fd, EPOLLIN, on_notice, w);
        return r < 0 ? diag_errno(d, r, "network") : 0;
}

int network_watch_new(sd_event *event, network_ask_t question, void *ask_data, void (*changed)(void *data),
        void *data, struct network_watch **ret, struct diag *d) {
        _cleanup_(network_watch_freep) struct network_watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return diag_errno(d, -ENOMEM, "network");
        *w = (struct network_watch){ .event = sd_event_ref(event), .changed = changed, .data = data };
        r = network_probe_new(question, ask_data, &w->probe);
        if (r < 0)
                return diag_errno(d, r, "network");
        r = subscribe(w, d);
        if (r < 0)
                return r;
        r = ask(w);
        if (r < 0)
                return diag_errno(d, r, "network");
        *ret = TAKE(w);
        return 0;
}

void network_watch_free(struct network_watch *w) {
        if (!w)
                return;
        sd_event_source_unref(w->noticed);
        sd_event_source_unref(w->answered);
        sd_event_source_unref(w->timer);
        if (w->notices)
                nl_socket_free(w->notices);
        network_probe_free(w->probe);
        sd_event_unref(w->event);
        free(w);
}

const struct network_probe *network_watch_probe(const struct network_watch *w) {
        return w->probe;
}

int network_watch_settle(struct network_watch *w) {
        int r = w->answered ? network_probe_wait(w->probe) : 0;

        if (r < 0 || network_probe_fd(w->probe) >= 0)
                return r;
        w->answered = sd_event_source_unref(w->answered);
        return go_on(w);
}

uint64_t network_watch_asked(const struct network_watch *w) {
        return w->asked;
}
