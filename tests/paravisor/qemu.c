/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/cursor.h"
#include "tests/paravisor/listen.h"

enum {
        CMD_SHUTDOWN = 3,
        CMD_SET_DATAFD = 16,
};

struct qemu {
        sd_event *event;
        struct vtpm *vtpm;
        struct queue *queue;
        int fd, connection; /* one QEMU at a time */
        sd_event_source *source, *connection_source;
};

static void hang_up(struct qemu *q) {
        q->connection_source = sd_event_source_disable_unref(q->connection_source);
        closep(&q->connection);
        q->connection = -1;
}

/* n bytes, or what there is, and the descriptor that came with them; -1: none. */
static ssize_t receive(int fd, void *bytes, size_t n, int *ret_fd) {
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = {};
        struct iovec v = { bytes, n };
        struct msghdr m = { .msg_iov = &v,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        struct cmsghdr *c;
        ssize_t got;

        *ret_fd = -1;
        got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
        if (got < 0)
                return -errno;
        c = CMSG_FIRSTHDR(&m);
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
                c->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
        return got;
}

static int take_data_fd(struct qemu *q, int fd) {
        if (fd < 0)
                return -EPROTO;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
                close(fd);
                return -errno;
        }
        return queue_add(q->queue, fd, FRAMING_NONE);
}

static int answer(struct qemu *q, const uint8_t *request, size_t n, int fd) {
        struct cursor c = cursor_over(request, n);
        uint32_t order = cursor_be32(&c);
        struct message reply = {};
        struct diag d = {};
        int r = 0;

        if (order == CMD_SET_DATAFD) {
                r = take_data_fd(q, fd);
                message_u32(&reply, r < 0);
        } else {
                closep(&fd);
                if (order == CMD_SHUTDOWN) /* our TPM outlives the machine */
                        message_u32(&reply, 0);
                else
                        r = swtpm_control(&q->vtpm->tpm, request, n, &reply, &d);
        }
        if (r < 0)
                return r;
        return send(q->connection, reply.bytes, reply.n, MSG_NOSIGNAL) == (ssize_t)reply.n ? 0 : -EPIPE;
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct qemu *q = userdata;
        uint8_t request[MESSAGE_MAX];
        int passed;
        ssize_t n = receive(fd, request, sizeof(request), &passed);

        if (n == -EAGAIN)
                return 0;
        if (n <= 0 || answer(q, request, (size_t)n, passed) < 0)
                hang_up(q);
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct qemu *q = userdata;
        int connection = listen_accept(fd);

        if (connection < 0)
                return 0;
        hang_up(q);
        q->connection = connection;
        return sd_event_add_io(q->event, &q->connection_source, connection, EPOLLIN, on_request, q);
}

int qemu_new(sd_event *event, struct vtpm *vtpm, struct queue *queue, const char *path, struct qemu **ret,
        struct diag *d) {
        _cleanup_(qemu_freep) struct qemu *q = calloc(1, sizeof(*q));
        int r;

        if (!q)
                return -ENOMEM;
        q->event = event;
        q->vtpm = vtpm;
        q->queue = queue;
        q->fd = q->connection = -1;
        r = listen_path(path, &q->fd, d);
        if (r >= 0)
                r = sd_event_add_io(event, &q->source, q->fd, EPOLLIN, on_connection, q);
        if (r < 0)
                return r;
        *ret = TAKE(q);
        return 0;
}

void qemu_free(struct qemu *q) {
        if (!q)
                return;
        hang_up(q);
        sd_event_source_disable_unref(q->source);
        closep(&q->fd);
        free(q);
}
