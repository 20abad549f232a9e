/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A stream of lines, each read whole and bounded: one that is too long is skipped, and told. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct lines {
        int fd; /* borrowed */
        size_t max;
        char *buffer;
        size_t room, start, end; /* what was read and not yet handed out: from start to end */
        bool at_end;
        uint64_t number; /* of the line that was read last, from 1 */
};

void lines_init(struct lines *l, int fd, size_t max);
void lines_done(struct lines *l);

/*
 * 1 with a line, borrowed until the next call, without its newline; 0 at the end. -EMSGSIZE for a line of
 * more than max bytes, which is skipped; -ENOMEM; what read(2) says.
 */
int lines_next(struct lines *l, const char **ret, size_t *ret_size);
