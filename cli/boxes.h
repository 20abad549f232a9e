/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Both ends of a pipe, with room for much at once: of what is sent by the hundred thousand, a system call
 * for each piece would cost more than the piece.
 */
#include <stdbool.h>
#include <stddef.h>

#define INBOX_SIZE ((size_t)64 * 1024)
#define OUTBOX_ENOUGH ((size_t)64 * 1024) /* bytes that are worth a system call */

/* Zero-initialised but for fd, which it borrows. */
struct inbox {
        int fd;
        size_t start, end; /* of what was read and not taken yet */
        char bytes[INBOX_SIZE];
};

/* Takes exactly n bytes. -EPIPE: the end came before; -errno. */
int inbox_take(struct inbox *i, void *ret, size_t n);

/* Whether taking a byte would wait. */
bool inbox_waits(const struct inbox *i);

/* Zero-initialised but for fd, which it borrows. */
struct outbox {
        int fd;
        char *bytes; /* not written yet */
        size_t n, room;
};

void outbox_done(struct outbox *o);

/* Keeps n bytes, those of an inbox without a copy between. -ENOMEM; of an inbox, what inbox_take() says. */
int outbox_put(struct outbox *o, const void *bytes, size_t n);
int outbox_put_from(struct outbox *o, struct inbox *from, size_t n);

/* Writes what it keeps: whoever is about to wait for somebody who may wait for it calls this first. -errno.
 */
int outbox_write(struct outbox *o);
