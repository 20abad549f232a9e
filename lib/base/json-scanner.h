/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A text being read: where it stands, what was wrong, and the memory of its document. Sticky like the
 * cursor: after the first error it is failed, and everything above it just returns. For json-scan.c alone.
 */
#include "lib/base/json-scan.h"

struct scanner {
        const char *at, *end;
        struct json_position position;
        unsigned depth;
        bool failed;
        bool no_memory; /* implies failed */
        bool plain;     /* comments are no blanks */
        size_t nodes_left;
        struct json_document *document;
};

/* NULL, and failed, when memory runs out; else as old as the document. */
void *scanner_allocate(struct scanner *s, size_t n);

/* Notes a problem and goes on. */
void scanner_complain(struct scanner *s, struct json_position at, const char *format, ...) _printf_(3, 4);

/* Notes a problem at the current place, after which nothing more can be understood. */
void scanner_fail(struct scanner *s, const char *message);
void scanner_fail_unexpected(struct scanner *s, const char *wanted);

/* Whether there is a byte to look at. */
static inline bool scanner_more(const struct scanner *s) {
        return !s->failed && s->at < s->end;
}

/* Steps over one byte; columns count characters, so only the first byte of each moves on. */
static inline void scanner_advance(struct scanner *s) {
        if (*s->at == '\n') {
                s->position.line++;
                s->position.column = 1;
        } else if (((unsigned char)*s->at & 0xc0) != 0x80)
                s->position.column++;
        s->at++;
}

void scanner_advance_by(struct scanner *s, size_t n);
bool scanner_starts_with(const struct scanner *s, const char *text);

/* How many characters from here on stand for themselves; and stepping over them. */
size_t scanner_plain_run(const struct scanner *s);
void scanner_skip_run(struct scanner *s, size_t n);

/* White space and comments; what programs write has none most of the time. */
void scanner_skip_more_blanks(struct scanner *s);
static inline void scanner_skip_blanks(struct scanner *s) {
        if (scanner_more(s) && (*s->at <= ' ' || *s->at == '/'))
                scanner_skip_more_blanks(s);
}

/* Steps over blanks, and over c if it is next. */
static inline bool scanner_take(struct scanner *s, char c) {
        scanner_skip_blanks(s);
        if (!scanner_more(s) || *s->at != c)
                return false;
        scanner_advance(s);
        return true;
}

/* Before anything else, so that all that follows may trust the bytes. */
void scanner_check_characters(struct scanner *s);
