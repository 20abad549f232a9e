/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ownership by attribute. Every owning local is declared with _cleanup_(...) and a value; handing a
 * pointer over is TAKE(), the last act of a constructor. These three are the only logic macros here.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))

/* Defines name_freep() for use with _cleanup_, over a function that frees and accepts NULL. */
#define DEFINE_FREEP(type, function)               \
        static inline void function##p(type **p) { \
                function(*p);                      \
        }

/* Gives the pointer away and leaves NULL behind. */
#define TAKE(p)                                               \
        ({                                                    \
                __typeof__(p) *_from = &(p), _taken = *_from; \
                *_from = NULL;                                \
                _taken;                                       \
        })

static inline void freep(void *p) {
        free(*(void **)p);
}

/* For descriptors, -1 when none is held. */
static inline void closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

/* Gives the descriptor away and leaves -1 behind. */
static inline int take_fd(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}

static inline void fclosep(FILE **f) {
        if (*f)
                fclose(*f);
}

static inline void closedirp(DIR **d) {
        if (*d)
                closedir(*d);
}
