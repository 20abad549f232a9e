/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/boxes.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"

/* What is there already, as much of it as is wanted. */
static size_t take_there(struct inbox *i, char *ret, size_t n) {
        size_t there = i->end - i->start, taken = n < there ? n : there;

        memcpy(ret, i->bytes + i->start, taken);
        i->start += taken;
        return taken;
}

int inbox_take(struct inbox *i, void *ret, size_t n) {
        char *at = ret;

        for (;;) {
                size_t taken = take_there(i, at, n);
                ssize_t got;

                at += taken;
                n -= taken;
                if (n == 0)
                        return 0;
                if (n >= INBOX_SIZE) {
                        got = file_read_some(i->fd, at, n);
                        at += got > 0 ? got : 0;
                        n -= got > 0 ? (size_t)got : 0;
                } else {
                        got = file_read_some(i->fd, i->bytes, INBOX_SIZE);
                        i->start = 0;
                        i->end = got > 0 ? (size_t)got : 0;
                }
                if (got <= 0)
                        return got < 0 ? (int)got : -EPIPE;
        }
}

bool inbox_waits(const struct inbox *i) {
        struct pollfd p = { .fd = i->fd, .events = POLLIN };

        return i->start == i->end && poll(&p, 1, 0) <= 0;
}

void outbox_done(struct outbox *o) {
        free(o->bytes);
        *o = (struct outbox){};
}

static int make_room(struct outbox *o, size_t n) {
        size_t room = o->room ?: 2 * OUTBOX_ENOUGH;
        char *bigger;

        while (room - o->n < n)
                room *= 2;
        if (room == o->room)
                return 0;
        bigger = realloc(o->bytes, room);
        if (!bigger)
                return -ENOMEM;
        o->bytes = bigger;
        o->room = room;
        return 0;
}

int outbox_put(struct outbox *o, const void *bytes, size_t n) {
        int r = make_room(o, n);

        if (r < 0)
                return r;
        memcpy(o->bytes + o->n, bytes, n);
        o->n += n;
        return 0;
}

int outbox_put_from(struct outbox *o, struct inbox *from, size_t n) {
        int r = make_room(o, n);

        if (r >= 0)
                r = inbox_take(from, o->bytes + o->n, n);
        if (r >= 0)
                o->n += n;
        return r;
}

int outbox_write(struct outbox *o) {
        int r = o->n > 0 ? file_write_fd(o->fd, o->bytes, o->n) : 0;

        o->n = 0;
        return r;
}
