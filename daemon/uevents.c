/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receiving uevents. Two sources, one path: libnl's socket on the host, whose sender and credentials are
 * checked, and the simulator's connection, which has one sender only. Whatever goes wrong in receiving is
 * reported as a loss.
 */
#include "daemon/uevents.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#define KERNEL_GROUP 1                    /* udev's own messages go to group 2 */
#define RECEIVE_BUFFER (16 * 1024 * 1024) /* charged only as far as it is used */
#define BATCH_MAX 256                     /* messages a wake-up: others want to be served too */
#define RESUBSCRIBE_USEC (500 * (uint64_t)1000)

struct uevents {
        struct sysroot *root;
        const struct uevents_handler *handler;
        void *data;
        struct nl_sock *netlink; /* the host's, */
        int simulator;           /* or the simulator's connection */
        sd_event *event;
        sd_event_source *source;
        sd_event_source *resubscribe;
        struct uevents_counters counters;
};

static int subscribe_simulator(struct uevents *u);
static int on_resubscribe(sd_event_source *source, uint64_t usec, void *userdata);

static void lost(struct uevents *u, int error) {
        u->counters.errors++;
        u->handler->lost(error, u->data);
}

static void forged(struct uevents *u, const char *what) {
        u->counters.forged++;
        u->handler->forged(what, u->data);
}

static void take(struct uevents *u, const struct uevent *e) {
        if (e->subject == UEVENT_OTHER)
                return;
        u->counters.seen++;
        u->handler->event(e, u->data);
}

/* The kernel has port 0, and its credentials are those of nobody else. */
static bool sent_by_kernel(const struct sockaddr_nl *sender, const struct ucred *creds) {
        return sender->nl_family == AF_NETLINK && sender->nl_pid == 0 && creds && creds->pid == 0 &&
                creds->uid == 0;
}

static int on_netlink(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct uevents *u = userdata;

        for (unsigned i = 0; i < BATCH_MAX; i++) {
                _cleanup_(freep) unsigned char *message = NULL;
                _cleanup_(freep) struct ucred *creds = NULL;
                struct sockaddr_nl sender = {};
                struct uevent e;
                int n = nl_recv(u->netlink, &sender, &message, &creds);

                if (n == 0 || n == -NLE_AGAIN)
                        return 0;
                if (n < 0) {
                        lost(u, n == -NLE_NOMEM ? -ENOBUFS : -EIO);
                        return 0;
                }
                if (!sent_by_kernel(&sender, creds))
                        forged(u, "uevent: not sent by the kernel");
                else if (uevent_message_parse(message, (size_t)n, &e, NULL) < 0)
                        lost(u, -EBADMSG); /* from the kernel, and we do not know what it says */
                else
                        take(u, &e);
        }
        return 0;
}

/* A simulator that went away may come again, now or later; the kernel does not go away. */
static int resubscribe(struct uevents *u) {
        u->resubscribe = sd_event_source_unref(u->resubscribe);
        if (subscribe_simulator(u) >= 0)
                return 0;
        return sd_event_add_time_relative(u->event, &u->resubscribe, CLOCK_MONOTONIC, RESUBSCRIBE_USEC, 0,
                on_resubscribe, u);
}

static int on_resubscribe(sd_event_source *source, uint64_t usec, void *userdata) {
        struct uevents *u = userdata;
        int r = resubscribe(u);

        if (r >= 0 && u->source)
                lost(u, -EPIPE); /* whatever happened in between */
        return r;
}

static int simulator_gone(struct uevents *u, int error) {
        int r;

        u->source = sd_event_source_unref(u->source);
        closep(&u->simulator);
        u->simulator = -1;
        r = resubscribe(u);
        lost(u, error);
        return r;
}

static int on_simulator(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct uevents *u = userdata;

        for (unsigned i = 0; i < BATCH_MAX; i++) {
                char message[UEVENT_MESSAGE_MAX];
                struct diag d = {};
                struct uevent e;
                ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n <= 0)
                        return simulator_gone(u, n < 0 ? -errno : -EPIPE);
                if ((size_t)n > sizeof(message))
                        lost(u, -EMSGSIZE);
                else if (uevent_message_parse(message, (size_t)n, &e, &d) < 0)
                        forged(u, d.text); /* which is how a simulator says that somebody forged one */
                else
                        take(u, &e);
        }
        return 0;
}

static int subscribe_simulator(struct uevents *u) {
        int fd = sysroot_open_events(u->root), r;

        if (fd < 0)
                return fd;
        u->simulator = fd;
        r = sd_event_add_io(u->event, &u->source, fd, EPOLLIN, on_simulator, u);
        if (r < 0) {
                closep(&u->simulator);
                u->simulator = -1;
        }
        return r;
}

static int subscribe_netlink(struct uevents *u, uint32_t buffer, struct diag *d) {
        int size = buffer == 0 || buffer > RECEIVE_BUFFER ? RECEIVE_BUFFER : (int)buffer;
        int fd, r;

        u->netlink = nl_socket_alloc();
        if (!u->netlink)
                return diag_errno(d, -ENOMEM, "uevents");
        nl_socket_disable_seq_check(u->netlink);
        nl_join_groups(u->netlink, KERNEL_GROUP);
        r = nl_connect(u->netlink, NETLINK_KOBJECT_UEVENT);
        if (r < 0)
                return diag_fail(d, -EIO, "cannot subscribe to uevents: %s", nl_geterror(r));
        r = nl_socket_set_passcred(u->netlink, 1);
        if (r == 0)
                r = nl_socket_set_nonblocking(u->netlink);
        if (r < 0)
                return diag_fail(d, -EIO, "uevents: %s", nl_geterror(r));
        nl_socket_set_msg_buf_size(u->netlink, UEVENT_MESSAGE_MAX);
        fd = nl_socket_get_fd(u->netlink);
        /* without the privilege to force it, as much as everybody may have */
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        r = sd_event_add_io(u->event, &u->source, fd, EPOLLIN, on_netlink, u);
        return r < 0 ? diag_errno(d, r, "uevents") : 0;
}

int uevents_new(struct sysroot *root, sd_event *event, uint32_t buffer,
        const struct uevents_handler *handler, void *data, struct uevents **ret, struct diag *d) {
        _cleanup_(uevents_freep) struct uevents *u = calloc(1, sizeof(*u));
        int r;

        if (!u)
                return diag_errno(d, -ENOMEM, "uevents");
        *u = (struct uevents){
                .root = root,
                .handler = handler,
                .data = data,
                .simulator = -1,
                .event = sd_event_ref(event),
        };
        r = subscribe_simulator(u);
        if (r == -EOPNOTSUPP)
                r = subscribe_netlink(u, buffer, d);
        else if (r < 0)
                return diag_errno(d, r, "cannot subscribe to the simulator's events");
        if (r < 0)
                return r;
        *ret = TAKE(u);
        return 0;
}

void uevents_free(struct uevents *u) {
        if (!u)
                return;
        sd_event_source_unref(u->resubscribe);
        sd_event_source_unref(u->source);
        if (u->netlink)
                nl_socket_free(u->netlink);
        closep(&u->simulator);
        sd_event_unref(u->event);
        free(u);
}

struct uevents_counters uevents_counters(const struct uevents *u) {
        return u->counters;
}
