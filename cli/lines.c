/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/lines.h"

#include <errno.h>
#include <string.h>

#include "lib/base/file.h"

#define FIRST_ROOM ((size_t)64 * 1024)

void lines_init(struct lines *l, int fd, size_t max) {
        *l = (struct lines){ .fd = fd, .max = max };
}

void lines_done(struct lines *l) {
        free(l->buffer);
        *l = (struct lines){};
}

/* Makes room behind what is there: moves it to the front, or grows. */
static int make_room(struct lines *l) {
        size_t room = l->room ? l->room * 2 : FIRST_ROOM;
        char *bigger;

        if (l->start > 0) {
                memmove(l->buffer, l->buffer + l->start, l->end - l->start);
                l->end -= l->start;
                l->start = 0;
        }
        if (l->end < l->room)
                return 0;
        bigger = realloc(l->buffer, room);
        if (!bigger)
                return -ENOMEM;
        l->buffer = bigger;
        l->room = room;
        return 0;
}

static int fill(struct lines *l) {
        ssize_t n;
        int r = l->end == l->room ? make_room(l) : 0;

        if (r < 0)
                return r;
        n = file_read_some(l->fd, l->buffer + l->end, l->room - l->end);
        if (n < 0)
                return (int)n;
        l->end += (size_t)n;
        l->at_end = n == 0;
        return 0;
}

/* Forgets what is there up to the end of the line that is too long. */
static int skip(struct lines *l) {
        for (;;) {
                char *newline = memchr(l->buffer + l->start, '\n', l->end - l->start);
                int r;

                if (newline) {
                        l->start = (size_t)(newline + 1 - l->buffer);
                        return -EMSGSIZE;
                }
                l->start = l->end = 0;
                if (l->at_end)
                        return -EMSGSIZE;
                r = fill(l);
                if (r < 0)
                        return r;
        }
}

static int hand_out(struct lines *l, size_t size, size_t step, const char **ret, size_t *ret_size) {
        *ret = l->buffer + l->start;
        *ret_size = size;
        l->start += step;
        l->number++;
        return 1;
}

int lines_next(struct lines *l, const char **ret, size_t *ret_size) {
        size_t looked = 0;

        for (;;) {
                size_t there = l->end - l->start;
                char *newline =
                        there > looked ? memchr(l->buffer + l->start + looked, '\n', there - looked) : NULL;
                size_t size = newline ? (size_t)(newline - l->buffer) - l->start : there;
                int r;

                if (size > l->max) {
                        l->number++;
                        return skip(l);
                }
                if (newline)
                        return hand_out(l, size, size + 1, ret, ret_size);
                if (l->at_end)
                        return there > 0 ? hand_out(l, there, there, ret, ret_size) : 0;
                looked = there;
                r = fill(l);
                if (r < 0)
                        return r;
        }
}
