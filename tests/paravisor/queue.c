/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/queue.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/cursor.h"

#define HANDLES_MAX 16
#define FRAME_MAX (MESSAGE_MAX + 9)

#define TPM_RC_OBJECT_MEMORY 0x902
#define TPM_RC_SESSION_MEMORY 0x903

enum {
        MSSIM_SEND_COMMAND = 8,
        MSSIM_SESSION_END = 20,
};

struct client {
        struct queue *queue;
        struct client *next;
        enum framing framing;
        int fd; /* -1: gone, but its command is being carried out */
        sd_event_source *source;
        uint8_t in[FRAME_MAX];
        size_t n_in;
        struct message command;
        uint64_t ticket;               /* 0: has no command waiting */
        bool parked;                   /* its command waits for room in the TPM */
        uint32_t handles[HANDLES_MAX]; /* what it has in the TPM */
        size_t n_handles;
};

struct queue {
        sd_event *event;
        struct vtpm *vtpm;
        sd_event_source *timer;
        struct client *clients;
        struct client *current; /* whose command is being carried out */
        uint64_t due;           /* when it is done, on the clock of the TPM */
        uint64_t tickets;
        unsigned until_hold; /* commands; 0: no hold is wanted */
        bool held;
        void (*on_held)(void *userdata);
        void *held_userdata;
};

static void fail(struct queue *q, const struct diag *d) {
        fprintf(stderr, "paravisor: %s\n", d->text);
        sd_event_exit(q->event, 1);
}

/* There is room in the TPM again. */
static void unpark(struct queue *q) {
        for (struct client *c = q->clients; c; c = c->next)
                c->parked = false;
}

static void client_free(struct client *c) {
        struct diag d = {};

        for (size_t i = 0; i < c->n_handles; i++)
                if (tpm_flush(&c->queue->vtpm->tpm, c->handles[i], &d) < 0)
                        fail(c->queue, &d);
        if (c->n_handles > 0)
                unpark(c->queue);
        for (struct client **at = &c->queue->clients; *at; at = &(*at)->next)
                if (*at == c) {
                        *at = c->next;
                        break;
                }
        sd_event_source_disable_unref(c->source);
        closep(&c->fd);
        free(c);
}

/* A command that waits is forgotten; one that was begun is not. */
static void client_gone(struct client *c) {
        c->source = sd_event_source_disable_unref(c->source);
        closep(&c->fd);
        c->fd = -1;
        if (c->queue->current != c)
                client_free(c);
}

/* The handles that a client has in the TPM, after a command that succeeded. */
static void keep_account(struct client *c, const struct message *response) {
        struct cursor in = cursor_over(c->command.bytes + 6, c->command.n - 6);
        struct cursor out = cursor_over(response->bytes + 6, response->n - 6);
        uint32_t code = cursor_be32(&in), handle = cursor_be32(&in);

        if (c->framing != FRAMING_MSSIM || cursor_be32(&out) != 0)
                return;
        if (code == TPM_CC_FLUSH_CONTEXT) {
                for (size_t i = 0; i < c->n_handles; i++)
                        if (c->handles[i] == handle)
                                c->handles[i--] = c->handles[--c->n_handles];
                unpark(c->queue);
        } else if (sessions_shape(&c->queue->vtpm->sessions, code).makes_handle &&
                c->n_handles < HANDLES_MAX) {
                c->handles[c->n_handles++] = cursor_be32(&out);
        }
}

static void answer(struct client *c, const struct message *response) {
        uint8_t frame[FRAME_MAX], *at = frame;

        if (c->framing == FRAMING_MSSIM) {
                for (int shift = 24; shift >= 0; shift -= 8)
                        *at++ = (uint8_t)(response->n >> shift);
        }
        memcpy(at, response->bytes, response->n);
        at += response->n;
        if (c->framing == FRAMING_MSSIM) {
                memset(at, 0, 4);
                at += 4;
        }
        if (send(c->fd, frame, (size_t)(at - frame), MSG_NOSIGNAL | MSG_DONTWAIT) != at - frame)
                client_gone(c); /* it does not read */
}

static struct client *next_client(struct queue *q) {
        struct client *first = NULL;

        for (struct client *c = q->clients; c; c = c->next)
                if (c->ticket > 0 && !c->parked && (!first || c->ticket < first->ticket))
                        first = c;
        return first;
}

/* A resource manager would have made room by swapping; here whoever wants some waits for others to go. */
static bool must_wait(struct queue *q, const struct client *c, const struct message *response) {
        struct cursor in = cursor_over(response->bytes + 6, response->n - 6);
        uint32_t code = cursor_be32(&in);

        if (c->framing != FRAMING_MSSIM || (code != TPM_RC_OBJECT_MEMORY && code != TPM_RC_SESSION_MEMORY))
                return false;
        for (const struct client *other = q->clients; other; other = other->next)
                if (other != c && other->n_handles > 0 && !other->parked)
                        return true;
        return false;
}

/* True when the command may be carried out at once. */
static bool begin(struct queue *q, struct client *c) {
        q->current = c;
        c->ticket = 0;
        q->due = vtpm_now(q->vtpm) + q->vtpm->behaviour.slow;
        if (q->until_hold > 0 && --q->until_hold == 0) {
                q->held = true;
                q->on_held(q->held_userdata);
        }
        return !q->held;
}

static void end(struct queue *q, const struct message *response) {
        struct client *c = q->current;

        q->current = NULL;
        if (c->fd < 0)
                client_free(c);
        else if (response)
                answer(c, response);
}

static bool is_due(struct queue *q) {
        uint64_t now = vtpm_now(q->vtpm);

        if (q->due <= now)
                return true;
        sd_event_source_set_time_relative(q->timer, (q->due - now) * 1000);
        sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
        return false;
}

void queue_run(struct queue *q) {
        struct message response;
        struct diag d = {};

        while (!q->held) {
                struct client *c = q->current ? q->current : next_client(q);

                if (!c || (!q->current && !begin(q, c)) || !is_due(q))
                        return;
                if (vtpm_execute(q->vtpm, c->command.bytes, c->command.n, &response, &d) < 0) {
                        fail(q, &d);
                        return;
                }
                if (c->fd >= 0 && must_wait(q, c, &response)) {
                        c->parked = true;
                        c->ticket = ++q->tickets;
                        q->current = NULL;
                        continue;
                }
                keep_account(c, &response);
                end(q, &response);
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        queue_run(userdata);
        return 0;
}

int queue_hold(struct queue *q, unsigned nth, void (*held)(void *userdata), void *userdata) {
        if (q->held || q->until_hold > 0)
                return -EBUSY;
        q->until_hold = nth;
        q->on_held = held;
        q->held_userdata = userdata;
        return 0;
}

void queue_release(struct queue *q, bool execute) {
        q->until_hold = 0;
        q->held_userdata = NULL;
        if (q->held && !execute)
                end(q, NULL);
        q->held = false;
        queue_run(q);
}

void queue_end_hold(struct queue *q, const void *userdata) {
        if (q->held_userdata == userdata)
                queue_release(q, true);
}

bool queue_is_held(const struct queue *q) {
        return q->held;
}

bool queue_is_busy(const struct queue *q) {
        return q->current;
}

/* The command in the first n bytes of what was received was taken. */
static int take_frame(struct client *c, size_t n) {
        memmove(c->in, c->in + n, c->n_in - n);
        c->n_in -= n;
        return 1;
}

/* These take a whole command out of what was received: 1. 0: it is not whole yet; -EPROTO, -EPIPE. */
static int take_mssim(struct client *c) {
        struct cursor in = cursor_over(c->in, c->n_in);
        uint32_t order = cursor_be32(&in);
        const uint8_t *command;
        size_t n;

        if (in.bad)
                return 0;
        if (order == MSSIM_SESSION_END)
                return -EPIPE;
        if (order != MSSIM_SEND_COMMAND)
                return -EPROTO;
        cursor_u8(&in); /* locality: always 0 here */
        n = cursor_be32(&in);
        if (n > MESSAGE_MAX || (!in.bad && n < MESSAGE_HEADER))
                return -EPROTO;
        command = cursor_bytes(&in, n);
        if (in.bad)
                return 0;
        c->command = (struct message){};
        message_bytes(&c->command, command, n);
        return take_frame(c, 4 + 1 + 4 + n);
}

static int take_bare(struct client *c) {
        struct cursor in = cursor_over(c->in, c->n_in);
        size_t n;

        cursor_be16(&in);
        n = cursor_be32(&in);
        if (in.bad)
                return 0;
        if (n > MESSAGE_MAX || n < MESSAGE_HEADER)
                return -EPROTO;
        if (c->n_in < n)
                return 0;
        c->command = (struct message){};
        message_bytes(&c->command, c->in, n);
        return take_frame(c, n);
}

/* Each order of 32 bits is answered with a zero. */
static int take_platform(struct client *c) {
        if (c->n_in < 4)
                return 0;
        if (send(c->fd, "\0\0\0", 4, MSG_NOSIGNAL | MSG_DONTWAIT) != 4)
                return -EPIPE;
        take_frame(c, 4);
        return 0;
}

static int take_command(struct client *c) {
        switch (c->framing) {
        case FRAMING_NONE:
                return take_bare(c);
        case FRAMING_MSSIM:
                return take_mssim(c);
        case FRAMING_PLATFORM:
                return take_platform(c);
        }
        return -EPROTO;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct client *c = userdata;
        struct queue *q = c->queue;
        ssize_t n;
        int r;

        n = read(fd, c->in + c->n_in, sizeof(c->in) - c->n_in);
        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n <= 0) { /* also when it sends more than a command without waiting for the answer */
                client_gone(c);
                queue_run(q); /* somebody may have waited for its room in the TPM */
                return 0;
        }
        /* The TCTI writes a header and then the command: the second must not wait for a late
         * acknowledgement. */
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
        c->n_in += (size_t)n;
        if (c->ticket > 0 || q->current == c)
                return 0;
        r = take_command(c);
        if (r < 0)
                client_gone(c);
        if (r > 0)
                c->ticket = ++q->tickets;
        queue_run(q);
        return 0;
}

int queue_add(struct queue *q, int fd, enum framing framing) {
        struct client *c = calloc(1, sizeof(*c));
        int r;

        if (!c) {
                close(fd);
                return -ENOMEM;
        }
        c->queue = q;
        c->framing = framing;
        c->fd = fd;
        c->next = q->clients;
        q->clients = c;
        r = sd_event_add_io(q->event, &c->source, fd, EPOLLIN, on_client, c);
        if (r < 0)
                client_free(c);
        return r;
}

int queue_new(sd_event *event, struct vtpm *vtpm, struct queue **ret) {
        _cleanup_(queue_freep) struct queue *q = calloc(1, sizeof(*q));
        int r;

        if (!q)
                return -ENOMEM;
        q->event = event;
        q->vtpm = vtpm;
        r = sd_event_add_time(event, &q->timer, CLOCK_MONOTONIC, 0, 0, on_timer, q);
        if (r >= 0)
                r = sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE(q);
        return 0;
}

void queue_free(struct queue *q) {
        if (!q)
                return;
        while (q->clients) {
                q->clients->n_handles = 0; /* the TPM ends with us */
                client_free(q->clients);
        }
        sd_event_source_disable_unref(q->timer);
        free(q);
}
